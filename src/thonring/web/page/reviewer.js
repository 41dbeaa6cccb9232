// The reviewer: the name recorded with every decision, requested once and remembered by this browser.
const storageKey = "who";
const dialog = document.getElementById("reviewer-dialog");
const field = document.getElementById("reviewer-name");
const headerButton = document.getElementById("reviewer");

// Undefined if the dialog was cancelled.
export function reviewerName() {
  const name = localStorage.getItem(storageKey);
  return name ? Promise.resolve(name) : promptForName();
}

export function promptForName() {
  field.value = localStorage.getItem(storageKey) ?? "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const onClose = () => {
      const name = field.value.trim();
      if (dialog.returnValue !== "save" || !name) return resolve(undefined);
      localStorage.setItem(storageKey, name);
      showReviewer();
      return resolve(name);
    };
    dialog.addEventListener("close", onClose, { once: true });
  });
}

export function showReviewer() {
  headerButton.textContent = localStorage.getItem(storageKey) ?? "Set your name";
}
