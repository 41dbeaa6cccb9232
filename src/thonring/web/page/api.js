// The JSON interface: every answer or an Error whose message people can read.
export async function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const words = new URLSearchParams(given).toString();
  return answer(await reach(`/api/${path}${words ? `?${words}` : ""}`));
}

export async function post(path, body) {
  return answer(await reach(`/api/${path}`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  }));
}

async function reach(address, options) {
  try {
    return await fetch(address, options);
  } catch {
    throw new Error("The server does not answer. Is `thonring serve` still running?");
  }
}

async function answer(response) {
  if (response.ok) return response.json();
  let detail;
  try { ({ detail } = await response.json()); } catch { detail = null; }
  throw new Error(typeof detail === "string" ? detail : `The server answered ${response.status} ${response.statusText}.`);
}
