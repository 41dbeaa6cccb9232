// The JSON interface: every answer or an Error whose message people can read.
export async function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const words = new URLSearchParams(given).toString();
  return (await reach(`/api/${path}${words ? `?${words}` : ""}`)).json();
}

export async function getBytes(path) {
  return (await reach(`/api/${path}`)).arrayBuffer();
}

export async function post(path, body) {
  return (await send(path, body)).json();
}

export async function postForText(path, body) {
  return (await send(path, body)).text();
}

function send(path, body) {
  return reach(`/api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function reach(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Error("The server does not respond. Is `thonring serve` still running?");
  }
  if (response.ok) return response;
  let detail;
  try {
    ({ detail } = await response.json());
  } catch {
    detail = null;
  }
  throw new Error(
    typeof detail === "string" ? detail : `The server responded with ${response.status} ${response.statusText}.`,
  );
}
