// Who decides: a name that is asked for once and kept in this browser.
const at = (id) => document.getElementById(id);

// The name that decisions bear; undefined: cancelled.
export function who() {
  const known = localStorage.getItem("who");
  return known ? Promise.resolve(known) : askName();
}

export function askName() {
  const dialog = at("name");
  at("name-value").value = localStorage.getItem("who") ?? "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    const name = at("name-value").value.trim();
    if (dialog.returnValue !== "keep" || !name) return resolve(undefined);
    localStorage.setItem("who", name);
    showWho();
    return resolve(name);
  }, { once: true }));
}

export function showWho() {
  at("who").textContent = localStorage.getItem("who") ?? "Your name";
}
