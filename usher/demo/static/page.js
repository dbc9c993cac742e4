// The small things that every part of the page uses: making elements, talking to the demo, saying what went wrong.

/** make("p", {class: "x", onclick: f}, "text", node, null, [nodes]): text is always text, never markup. */
export function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export async function get(path, parameters = {}) {
  const response = await fetch(`${path}?${new URLSearchParams(parameters)}`);
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).problem ?? response.statusText);
  return response.json();
}

/** What the visitor did; a problem is said at once. Returns the answer, with `problem` and perhaps `errors`. */
export async function post(path, asked) {
  const answer = await sent(path, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked) });
  if (answer.problem) toast(answer.problem);
  return answer;
}

export async function upload(path, parameters, file) {
  const answer = await sent(`${path}?${new URLSearchParams(parameters)}`, { body: file });
  if (answer.problem) toast(answer.problem);
  return answer;
}

/** A form with files. */
export async function sendForm(path, form) {
  const answer = await sent(path, { body: form });
  if (answer.problem) toast(answer.problem);
  return answer;
}

async function sent(path, request) {
  try {
    const response = await fetch(path, { method: "POST", ...request });
    return await response.json();
  } catch {
    return { problem: "The demo does not answer. Is it still running?" };
  }
}

let fading = 0;

/** A line at the bottom for some seconds; an empty text takes it away. `stays` keeps it. */
export function toast(text, { stays = false } = {}) {
  const line = document.getElementById("toast");
  clearTimeout(fading);
  line.textContent = text;
  line.hidden = !text;
  if (text && !stays) fading = setTimeout(() => (line.hidden = true), 7000);
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
