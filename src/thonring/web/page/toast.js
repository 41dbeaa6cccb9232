// Short messages at the top of the page; errors stay until the next message.
const toast = document.getElementById("toast");
const duration_ms = 6000;
let timer = null;

export function showToast(message, { error = false } = {}) {
  toast.textContent = message;
  toast.classList.toggle("error", error);
  toast.hidden = !message;
  clearTimeout(timer);
  if (message && !error) timer = setTimeout(hideToast, duration_ms);
}

export function hideToast() {
  showToast("");
}

// The result of `action`, or undefined after its error has been shown.
export async function withErrorToast(action) {
  try {
    return await action();
  } catch (error) {
    showToast(error.message, { error: true });
    return undefined;
  }
}
