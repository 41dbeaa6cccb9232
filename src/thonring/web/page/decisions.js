// Decisions from any view: sent under the reviewer's name, confirmed by a toast, and followed by an update of the view.
import { post } from "./api.js";
import { micrographCount } from "./dom.js";
import { pollNow } from "./poll.js";
import { reviewerName } from "./reviewer.js";
import { showToast, withErrorToast } from "./toast.js";

export const readOnlyMessage =
  "Read-only: to make decisions, open the address with the token that `thonring serve` printed.";

// Past tense, for the histories of the table's preview and of the micrograph.
export const actionVerbs = {
  accept: "accepted",
  reject: "rejected",
  automatic: "reverted to the criteria",
  estimate: "estimated manually",
  curate: "applied limits",
  undo: "undid an action",
  ended: "ended by a new estimate: the file or its optics have changed",
};
const actionNouns = {
  accept: "acceptance",
  reject: "rejection",
  automatic: "reset to the criteria",
  estimate: "manual estimate",
  curate: "limits applied",
  ended: "end of decisions",
};

export function canDecide() {
  return document.documentElement.dataset.canDecide === "true";
}

// Without the token a button that changes the run is disabled, and its tooltip says why.
export function disableIfReadOnly(button) {
  if (canDecide()) return;
  button.disabled = true;
  button.title = readOnlyMessage;
}

// `verdict`: "accepted", "rejected", or null for the verdict of the criteria. Undefined if nothing was decided.
export function decide(numbers, verdict) {
  const send = (who) => post("decisions", { micrographs: numbers, verdict, who });
  return sendAsReviewer(send, ({ micrographs }) => {
    const result = verdict ?? "reset to the verdict of the criteria";
    return `${micrographCount(micrographs)} ${result}. Press u to undo.`;
  });
}

export function undo() {
  const send = (who) => post("decisions/undo", { who });
  return sendAsReviewer(send, ({ undone }) => {
    const action = actionNouns[undone.kind] ?? undone.kind;
    return `Undone: ${action}, ${micrographCount(undone.micrographs)} (by ${undone.who}).`;
  });
}

// Sends an action under the reviewer's name; `message(action)` is the text of the toast.
export function sendAsReviewer(send, message) {
  return withErrorToast(async () => {
    const who = await reviewerName();
    if (!who) return undefined;
    const action = await send(who);
    await pollNow();
    showToast(message(action));
    return action;
  });
}
