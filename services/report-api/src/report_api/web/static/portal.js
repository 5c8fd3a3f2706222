// What every page has: copy buttons, times in the reader's own zone, `/` for the search, and the place on a page that a
// sign-in must not lose. Pages are complete without it.

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const words = button.firstChild;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      announce(button, words, "Copied");
    } catch {
      select(button.previousElementSibling);
      announce(button, words, "Press Ctrl+C");
    }
  });
}

function announce(button, words, text) {
  const before = words.textContent;
  words.textContent = text;
  button.setAttribute("aria-live", "polite");
  setTimeout(() => { words.textContent = before; }, 2000);
}

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

// The same style as the server's, which names the language: 5 Nov 2026, 16:05 AEDT.
const dates = document.documentElement.dataset.dates || "en-GB";
const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
const format = new Intl.DateTimeFormat(dates, { day: "numeric", month: "short", year: "numeric", ...time });
const clock = new Intl.DateTimeFormat(dates, time);

/** Show the times below an element in the reader's own zone; the title keeps UTC. */
export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    time.title = time.textContent;
    const shown = "clock" in time.dataset ? clock : format;
    time.textContent = shown.format(new Date(time.dateTime));
  }
}

localTimes(document);

// Scripts that replace a part of the page tell so on the new element.
document.addEventListener("replaced", (event) => localTimes(event.target));

// What a table's rows need by the hundred is made here rather than sent: what each cell is, for cards on a phone; a button
// that folds the rows of a customer.
// Only then they become cards: a card without these words would be a riddle.
function completeTables(root) {
  for (const table of root.querySelectorAll("table.cards")) {
    const heads = [...table.tHead?.rows[0]?.cells ?? []].map((head) => (head.matches(".tick, .actions") ? "" : words(head)));
    for (const body of [...table.tBodies, ...(table.tFoot ? [table.tFoot] : [])]) {
      for (const row of body.rows) if (!row.matches(".customer")) describe(row, heads);
      if (body.rows[0]?.matches(".customer")) foldable(body.rows[0].cells[0]);
    }
  }
}

const words = (element) => element.textContent.replace(/[▲▼]/g, "").trim();

function describe(row, heads) {
  let place = 0;
  for (const cell of row.cells) {
    if (cell.tagName === "TD" && cell.colSpan === 1 && heads[place]) cell.dataset.label = heads[place];
    place += cell.colSpan;
  }
  // A screen reader says neither what is struck out nor the arrow.
  for (const now of row.querySelectorAll("del + ins")) {
    now.before(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: "changes to " }));
  }
}

function foldable(head) {
  const name = head.querySelector(".customer-name, a, bdi").textContent.trim();
  const button = Object.assign(document.createElement("button"), { type: "button", className: "fold", ariaExpanded: "true" });
  button.dataset.fold = "";
  button.ariaLabel = `Rows of ${name}`;
  button.textContent = "▾";
  head.prepend(button);
}

completeTables(document);
document.documentElement.dataset.scripted = "";
document.addEventListener("replaced", (event) => completeTables(event.target));

// Days of a filter are days of the same zone.
const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
if (timeZone) {
  for (const element of document.querySelectorAll("[data-zone]")) {
    if (element instanceof HTMLInputElement) element.value = timeZone;
    else element.textContent = timeZone;
  }
}

function useful(root) {
  for (const element of root.querySelectorAll("[data-needs-script]")) element.hidden = false;
}

useful(document);
document.addEventListener("replaced", (event) => useful(event.target));

// How close the rows of tables stand is kept for this browser.
function dense(compact) {
  document.documentElement.toggleAttribute("data-compact", compact);
  for (const button of document.querySelectorAll("[data-density]")) button.setAttribute("aria-pressed", String(compact));
}

dense(localStorage.getItem("density") === "compact");
document.addEventListener("replaced", () => dense(localStorage.getItem("density") === "compact"));
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-density]")) return;
  const compact = !document.documentElement.hasAttribute("data-compact");
  localStorage.setItem("density", compact ? "compact" : "normal");
  dense(compact);
});

// Folds the rows of a customer.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fold]");
  if (!button) return;
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  for (const row of button.closest("tbody").querySelectorAll("tr:not(.customer)")) row.hidden = !open;
});

// A row of tabs that is wider than a phone shows the tab of the open page.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const row = tab.closest("ul");
  row.scrollLeft = tab.offsetLeft + tab.offsetWidth + 8 - row.clientWidth;
}

const search = document.querySelector(".search input");

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing || !search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// The part of an address behind # never reaches the server; it is carried through the sign-in by hand.
if (location.hash && location.pathname === "/sign-in") {
  for (const field of document.querySelectorAll("input[name=next]")) field.value += location.hash;
  for (const link of document.querySelectorAll("a[href*='next=']")) link.href += encodeURIComponent(location.hash);
}
