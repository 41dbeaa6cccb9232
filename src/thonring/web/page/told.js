// What a person is told, at the top of the page.
const place = document.getElementById("told");

export function tell(sentence, { error = false } = {}) {
  place.textContent = sentence;
  place.classList.toggle("error", error);
  place.hidden = !sentence;
  clearTimeout(tell.timer);
  if (sentence && !error) tell.timer = setTimeout(() => tell(""), 6000);
}

export async function trying(action) {
  try {
    return await action();
  } catch (problem) {
    tell(problem.message, { error: true });
    return undefined;
  }
}
