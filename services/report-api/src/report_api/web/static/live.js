// Live progress of a Sync. One stream says what has changed: how far the run is, or that the page as a whole is out of
// date; then the page is loaded again behind the scenes and its parts with `data-live` are replaced. See sync_panel.html.
// A page that is about one revision of an invoice says which with `data-shows`: another one is never put in its place.

const RETRY_MS = 2000;
const RETRY_MOST_MS = 60000;
const LOST_AFTER_MS = 4000;

let stream = null;
let retry = 0;
let failures = 0;
let lost = 0;
let said = null;

const voice = document.createElement("p");
voice.className = "visually-hidden";
voice.setAttribute("aria-live", "polite");
document.body.append(voice);

const panel = () => document.querySelector("[data-sync-events]");

function show(when) {
  for (const element of document.querySelectorAll("[data-when]")) element.hidden = element.dataset.when !== when;
}

/** Say what has changed aloud, and nothing twice: who listens must not be drowned in numbers. */
function say(root) {
  const words = root.querySelector("[data-said]")?.dataset.said ?? "";
  if (words && said !== null && words !== said) voice.textContent = words;
  said = words;
}

function replaced(element) {
  element.dispatchEvent(new Event("replaced", { bubbles: true }));
}

function hangUp() {
  stream?.close();
  stream = null;
  clearTimeout(retry);
}

function found() {
  clearTimeout(lost);
  lost = 0;
  failures = 0;
}

function stop() {
  hangUp();
  found();
}

// Each failure doubles the wait, and chance spreads it: when a server comes back, not all pages are at its door at once.
function again(attempt) {
  const most = Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** failures);
  failures += 1;
  retry = setTimeout(attempt, most * (0.5 + Math.random() / 2));
}

// A hidden page listens to nothing: browsers allow few connections to one site, shared by all tabs.
function listen() {
  hangUp();
  if (document.hidden || !panel()) return;
  stream = new EventSource(panel().dataset.syncEvents);
  stream.addEventListener("open", () => { found(); show(null); });
  stream.addEventListener("progress", (event) => {
    const place = document.querySelector("[data-progress]");
    if (!place) return;
    place.innerHTML = event.data;
    replaced(place);
    say(place);
  });
  stream.addEventListener("changed", refresh);
  stream.addEventListener("signed-out", signedOut);
  stream.addEventListener("error", () => {
    lost ||= setTimeout(() => show("lost"), LOST_AFTER_MS);
    // An answer that was no stream leaves it closed: then the page itself tells why.
    const attempt = stream?.readyState === EventSource.CLOSED ? refresh : listen;
    hangUp();
    again(attempt);
  });
}

function signedOut() {
  stop();
  show("signed-out");
}

async function refresh() {
  hangUp();
  let answer;
  let text;
  try {
    answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    text = await answer.text();
  } catch {
    return later();
  }
  if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return signedOut();
  if (!answer.ok) return later();
  const page = new DOMParser().parseFromString(text, "text/html");
  if (shows(page) !== shows(document)) return newer();
  replaceParts(page);
  listen();
}

function later() {
  show("lost");
  again(refresh);
}

const shows = (page) => page.querySelector("[data-shows]")?.dataset.shows;

/** What is to be seen has another subject now. A person goes there knowingly; till then nothing is ordered from here. */
function newer() {
  stop();
  show("newer");
  for (const button of document.querySelectorAll("[data-live] form[method=post] button")) {
    button.disabled = true;
    button.setAttribute("aria-describedby", "newer-invoice");
  }
}

/** What somebody has typed or ticked and not sent yet stays. */
function keepEntered(old, made) {
  for (const field of old.querySelectorAll("input[id], select[id], textarea[id]")) {
    const twin = made.querySelector(`#${CSS.escape(field.id)}`);
    if (!twin) continue;
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked !== field.defaultChecked) twin.checked = field.checked;
    } else if (field.tagName === "SELECT" || field.value !== field.defaultValue) {
      twin.value = field.value;
    }
  }
}

function replaceParts(page) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const made = page.getElementById(old.id);
    if (!made) {
      location.reload();
      return;
    }
    keepEntered(old, made);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : null;
    old.replaceWith(made);
    replaced(made);
    if (focused !== null) {
      const place = (focused && document.getElementById(focused)) || made.querySelector("[tabindex]");
      place?.focus({ preventScroll: true });
    }
  }
  if (panel()) say(panel());
}

document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
addEventListener("online", () => { if (failures) refresh(); });
addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
addEventListener("pagehide", stop);

if (panel()) {
  say(panel());
  listen();
}
