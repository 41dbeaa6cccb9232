// Decisions from any view: asked once for the name they bear, sent, told, and the views brought up to date.
import { post } from "./api.js";
import { news } from "./news.js";
import { who } from "./person.js";
import { tell, trying } from "./told.js";

const done = { accepted: "accepted", rejected: "rejected", null: "left to the criteria" };
const kinds = { accept: "accepting", reject: "rejecting", automatic: "leaving to the criteria", estimate: "an estimate of", curate: "curating", ended: "the end of" };

export function mayChange() {
  return document.documentElement.dataset.mayChange === "true";
}

// A button that decides is of no use without the token, and says so.
export function allow(button) {
  if (mayChange()) return;
  button.disabled = true;
  button.title = "You may look, not change: open the address that thonring serve printed, which has the token.";
}

// verdict: "accepted", "rejected", or null for what the criteria say. The action, or undefined if it was not taken.
export function decide(numbers, verdict) {
  return named((name) => post("decisions", { micrographs: numbers, verdict, who: name }), (action) => `${counted(action.micrographs)} ${done[verdict]}. Press u to undo.`);
}

export function undo() {
  return named((name) => post("decisions/undo", { who: name }), ({ undone }) => `Taken back: ${kinds[undone.kind] ?? undone.kind} ${counted(undone.micrographs)} (${undone.who}).`);
}

export function counted(micrographs) {
  return `${micrographs.toLocaleString()} micrograph${micrographs === 1 ? "" : "s"}`;
}

export async function named(send, sentence) {
  return trying(async () => {
    const name = await who();
    if (!name) return undefined;
    const action = await send(name);
    await news();
    tell(sentence(action));
    return action;
  });
}
