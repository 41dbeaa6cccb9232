// When the page looks for what is new: every few seconds, and at once when asked.
const every = 3000;
let look = async () => {};
let looking = null;
let next = null;

// How one looks, from now on.
export function follow(how) {
  look = how;
  return news();
}

// Look now, and from then on every few seconds; one look at a time.
export async function news() {
  await looking;
  clearTimeout(next);
  looking = look();
  await looking;
  clearTimeout(next);
  next = setTimeout(news, every);
}
