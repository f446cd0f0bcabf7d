// Progressive enhancement: dialogs that keep the focus, page swaps that keep the
// scroll position, the login's window, and progress. Every form and link works
// without this file.
"use strict";

const ANNOUNCE_MS = 4000; // between two announcements to a screen reader
const ANNOUNCED_MS = 1000; // that an announcement stays in the page
const ANNOUNCE_AFTER_MS = 60; // that a region has been in the page before it is filled
const POLL_MS = 400; // between two polls of a running job
const POLL_PLAN_MS = 5000; // between two polls of an export that waits for an answer

let loginWindow = null;
let loginUrl = null; // that the login's window was sent to
let opener = null; // the element that opened a dialog: its id, list and row
let pageNumber = 0; // counts pages, so that a response to an earlier page changes nothing
let released = null; // a form whose values were sent, or may be discarded
let restoring = false; // undoing a Back that the person declined
let searched = null; // the id of the filter of a list whose result is not announced yet
let told = []; // the lasting notices that were announced
let shownAt = withoutHash(location.href);
// The position of this page in the window's history, to undo a Back.
if (!history.state) history.replaceState({ position: 0 }, "");
let historyPosition = history.state.position || 0;

// --- Pages -------------------------------------------------------------------

async function go(url, options) {
  const ownNumber = ++pageNumber;
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch {
    // The browser shows best what it cannot reach; it asks about unsaved values first.
    if (options) released = null;
    enableButtons();
    location.assign(url);
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (ownNumber !== pageNumber) return;
  // A refusal without a page of its own, as of an ended session, keeps the shown page.
  if (response.status >= 400 && !page.querySelector("dialog") && (options || !page.querySelector("main")) && refuse(page)) return;
  const sent = options && options.method === "POST";
  const stored = sent && response.redirected;
  if (sent && !stored) released = null;
  show(page, response.url, sent && response.status >= 400, stored);
}

function refuse(page) {
  const sentence = page.querySelector("[role=alert]") || (page.querySelector("main") ? null : page.body);
  const container = document.querySelector("dialog .body, dialog form, .window > .notices");
  if (!sentence || !container) return false;
  document.querySelectorAll(".refused").forEach((notice) => notice.remove());
  const notice = document.createElement("p");
  notice.className = "notice error refused";
  notice.setAttribute("role", "alert");
  // Without a page it is plain text: the code, and a line in each language.
  const [sv, en] = sentence.textContent.trim().replace(/^[A-Z_]+: /, "").split("\n");
  notice.textContent = document.documentElement.lang === "en" && en ? en : sv;
  container.prepend(notice);
  released = null;
  enableButtons();
  return true;
}

function enableButtons() {
  document.querySelectorAll("button[data-pressed]").forEach((button) => { button.disabled = false; });
}

function show(page, url, keepUrl, stored) {
  const focused = document.activeElement && document.activeElement.id;
  const scrolls = [...document.querySelectorAll(".scroll[id]")].map((s) => [s.id, s.scrollTop, s.scrollLeft]);
  const folds = [...document.querySelectorAll("details.pane[id]")].map((d) => [d.id, d.open]);
  const dialogBefore = dialogTitle(document);
  const typed = !stored && dialogBefore === dialogTitle(page) && unsaved(released);
  const progressBefore = Boolean(document.querySelector("dialog[data-job]"));
  if (!dialogBefore) opener = positionOf(document.activeElement);
  document.title = page.title;
  document.documentElement.lang = page.documentElement.lang;
  document.body.replaceWith(document.importNode(page.body, true));
  if (!keepUrl && url !== location.href) history.pushState({ position: ++historyPosition }, "", url);
  shownAt = withoutHash(location.href);
  released = null;
  // The same form again, as with the fields of another type: its values are still unsaved.
  if (typed) document.querySelectorAll("form[data-unsaved]").forEach((form) => { form.dataset.typed = ""; });
  for (const [id, open] of folds) {
    const fold = document.getElementById(id);
    if (fold && open) fold.open = true;
  }
  for (const [id, top, left] of scrolls) {
    const scroll = document.getElementById(id);
    if (scroll) { scroll.scrollTop = top; scroll.scrollLeft = left; }
  }
  initialise();
  const same = focused && document.getElementById(focused);
  const first = document.querySelector("dialog [autofocus]");
  // A link within a dialog moves the focus to the first field; a field keeps it.
  if (same && dialogBefore === dialogTitle(document) && !(first && same.tagName === "A")) focusOn(same);
  else if (!document.querySelector("dialog")) focusOn((dialogBefore && !progressBefore && elementAt(opener)) || same || (!dialogBefore && elementAt(opener)) || document.querySelector("#save-payments:enabled") || document.getElementById("run-scroll") || document.getElementById("read-file") || document.getElementById("export-items") || document.getElementById("content"));
  const wrong = document.querySelector("dialog [aria-invalid=true]");
  if (wrong) focusOn(wrong);
}

// If the focused row has left its list, the row in its position gets the focus.
function positionOf(element) {
  if (!element || element === document.body) return null;
  const scroll = element.closest(".scroll[id]");
  const row = element.closest("tbody tr");
  return {
    id: element.id,
    list: row && scroll ? scroll.id : null,
    index: row ? row.sectionRowIndex : 0,
    cell: element.closest("td.act") ? "td.act" : "td:not(.act)",
  };
}

function elementAt(position) {
  if (!position) return null;
  const same = position.id && document.getElementById(position.id);
  // A row that moved to another list has its button there.
  if (same && !same.disabled && (!position.list || same.closest(`#${position.list}`))) return same;
  const rows = position.list ? [...document.querySelectorAll(`#${position.list} tbody tr`)] : [];
  const { index, cell } = position;
  for (const row of [...rows.slice(index), ...rows.slice(0, index).reverse()]) {
    const element = row.querySelector(`${cell} [data-cell], ${cell} [data-row]`);
    if (element) return element;
  }
  return null;
}

function focusOn(element) {
  setTabStop(element);
  element.focus({ preventScroll: true });
  if (element.type === "search") element.setSelectionRange(element.value.length, element.value.length);
}

function dialogTitle(page) {
  const title = page.querySelector("#dialog-title");
  return title ? title.textContent : null;
}

function send(form, button) {
  const fields = new FormData(form);
  if (button && button.name) fields.append(button.name, button.value);
  const action = (button && button.getAttribute("formaction")) || form.action;
  if (form.method === "post") released = form;
  if (form.matches("[data-found]")) searched = form.id;
  if (form.method === "get") {
    const url = new URL(action);
    url.search = new URLSearchParams([...fields].filter(([, value]) => value)).toString();
    return go(url.href);
  }
  return go(action, { method: "POST", body: new URLSearchParams(fields) });
}

// --- Dialogs -----------------------------------------------------------------

function initialise() {
  offerCalendars();
  announceNotices();
  announceNews();
  for (const list of document.querySelectorAll("table.list")) makeSingleTabStop(list);
  const dialog = document.querySelector("dialog[open]");
  const plan = document.querySelector("[data-gone]");
  if (plan) watchPlan(plan, pageNumber);
  if (!dialog || !dialog.dataset.job) closeUnusedLoginWindow();
  if (!dialog) return;
  dialog.removeAttribute("open");
  dialog.showModal();
  const first = dialog.querySelector("[autofocus]");
  if (first) first.focus();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    const close = dialog.querySelector("[data-escape]") || dialog.querySelector("[data-close]");
    if (close) close.click();
  });
  if (dialog.dataset.job) watchJob(dialog, pageNumber);
}

// Announces what a search found, and notices that last, when they are new.
function announceNews() {
  if (document.querySelector("dialog")) return; // nothing behind it is announced
  const filter = searched && document.getElementById(searched);
  const notices = [...document.querySelectorAll(".window > .notice")].map((notice) => (notice.querySelector("p") || notice).textContent.trim());
  const news = notices.filter((notice) => !told.includes(notice));
  if (filter && filter.dataset.found) news.unshift(filter.dataset.found);
  searched = null;
  told = notices;
  const region = document.getElementById("told");
  if (!region || !news.length) return;
  setTimeout(() => { region.textContent = news.join(" "); }, ANNOUNCE_AFTER_MS);
  setTimeout(() => region.replaceChildren(), ANNOUNCE_AFTER_MS + ANNOUNCED_MS);
}

// A screen reader announces only what is inserted into an existing region.
function announceNotices() {
  for (const region of document.querySelectorAll(".notices")) {
    const nodes = [...region.childNodes];
    if (!nodes.some((node) => node.nodeType === 1)) continue;
    region.replaceChildren();
    setTimeout(() => region.replaceChildren(...nodes), ANNOUNCE_AFTER_MS);
  }
}

// --- A payment by hand ----------------------------------------------------------

// Shows the invoice that was typed; an amount typed meanwhile is kept.
async function showInvoice(form) {
  const ownNumber = pageNumber;
  const url = new URL(form.action);
  for (const name of ["invoice", "region"]) url.searchParams.set(name, form.elements[name].value);
  let page;
  try {
    const response = await fetch(url, { credentials: "same-origin" });
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return; // the button shows it, too
  }
  const facts = page.getElementById("invoice-facts");
  if (ownNumber !== pageNumber || !facts) return;
  document.getElementById("invoice-facts").replaceChildren(...facts.childNodes);
  const amount = form.elements.amount;
  const remaining = page.getElementById("amount").dataset.prefilled || "";
  if (amount.value !== (amount.dataset.prefilled || "")) return;
  amount.value = amount.dataset.prefilled = form.elements.prefilled.value = remaining;
  form.elements.prefilled_of.value = page.getElementsByName("prefilled_of")[0].value;
}

// --- Lists: a single tab stop, arrows within ------------------------------------

const CELLS = "tbody [data-cell], tbody [data-row]";

function makeSingleTabStop(list) {
  const cells = [...list.querySelectorAll(CELLS)];
  const first = list.querySelector("tr.chosen [data-row]") || list.querySelector("td.act [data-cell]") || cells[0];
  for (const cell of cells) cell.tabIndex = cell === first ? 0 : -1;
}

function setTabStop(cell) {
  if (!cell.matches(CELLS)) return;
  for (const other of cell.closest("table").querySelectorAll(CELLS)) other.tabIndex = -1;
  cell.tabIndex = 0;
}

document.addEventListener("focusin", (event) => setTabStop(event.target));

// The cell that an arrow key leads to: the same of the next row, or the next of the row.
function nextCell(cell, key) {
  const row = cell.closest("tr");
  const cellsOf = (tr) => [...tr.querySelectorAll("[data-cell], [data-row]")];
  const index = cellsOf(row).indexOf(cell);
  if (key === "ArrowRight" || key === "ArrowLeft") return cellsOf(row)[index + (key === "ArrowRight" ? 1 : -1)];
  const inAct = cell.closest("td.act");
  const rows = [...row.parentElement.rows];
  const step = key === "ArrowDown" || key === "End" ? 1 : -1;
  const toEnd = key === "Home" || key === "End";
  let target = null;
  for (let n = row.sectionRowIndex + step; rows[n]; n += step) {
    const cells = cellsOf(rows[n]);
    const next = inAct ? rows[n].querySelector("td.act [data-cell]") : cells[Math.min(index, cells.length - 1)];
    if (next) target = next;
    if (next && !toEnd) break;
  }
  return target;
}

// --- Dates ---------------------------------------------------------------------
// In the Swedish format, whatever the language of the browser.

function offerCalendars() {
  for (const picker of document.querySelectorAll("[data-picker]")) {
    if (!picker.showPicker) continue;
    const field = document.getElementById(picker.dataset.picker);
    const button = document.querySelector(`[data-calendar="${picker.dataset.picker}"]`);
    picker.hidden = button.hidden = false;
    button.addEventListener("click", () => { picker.value = field.value; picker.showPicker(); });
    picker.addEventListener("change", () => { field.value = picker.value; field.focus(); });
  }
}

// --- The login's window and progress -------------------------------------------

function openLoginWindow(url) {
  // At once, in the click: later a browser would block it as a popup.
  loginUrl = null;
  loginWindow = window.open("about:blank", "_blank", "popup,width=560,height=760");
  if (!loginWindow) return;
  loginWindow.opener = null; // the login's page must not be able to move ours
  loginWindow.location.replace(url);
}

function sendLoginWindowTo(url) {
  if (!loginWindow || loginUrl === url) return;
  loginUrl = url;
  try {
    loginWindow.location.replace(url);
  } catch {
    loginWindow = null; // it was closed; the link in the dialog is still there
  }
}

function closeUnusedLoginWindow() {
  // If nobody had to sign in. Once it shows another site it is no longer ours to close.
  if (loginWindow && loginUrl === null) loginWindow.close();
  loginWindow = null;
}

async function watchJob(dialog, ownNumber) {
  let announcedAt = Date.now();
  let announcedStage = "login";
  const part = (id) => dialog.querySelector(`#${id}`);
  while (ownNumber === pageNumber) {
    let progress;
    try {
      const response = await fetch(dialog.dataset.job, { credentials: "same-origin" });
      if (!response.ok) return location.reload();
      progress = await response.json();
    } catch {
      await delay(2000);
      continue;
    }
    if (ownNumber !== pageNumber) return;
    if (progress.ended) {
      closeUnusedLoginWindow();
      return go(dialog.dataset.then);
    }
    if (progress.login) sendLoginWindowTo(progress.login);
    else if (progress.stage && progress.stage !== "login" && loginUrl === null) closeUnusedLoginWindow();
    part("sentence").textContent = progress.sentence;
    part("login").hidden = !progress.signing_in;
    for (const figure of ["read", "pages", "done_of", "left"]) {
      if (part(figure)) part(figure).textContent = progress[figure];
    }
    const bar = part("progress");
    if (progress.total) { bar.max = progress.total; bar.value = progress.done; } else bar.removeAttribute("value");
    // The countdown of a login is not announced. An announcement is removed, so that it is read once.
    if (progress.stage !== announcedStage || (progress.stage !== "login" && Date.now() - announcedAt > ANNOUNCE_MS)) {
      announcedAt = Date.now();
      announcedStage = progress.stage;
      part("heard").textContent = progress.sentence;
      setTimeout(() => part("heard").replaceChildren(), ANNOUNCED_MS);
    }
    await delay(POLL_MS);
  }
}

// Leaves a plan that has expired or was answered in another tab.
async function watchPlan(plan, ownNumber) {
  while (ownNumber === pageNumber) {
    await delay(POLL_PLAN_MS);
    if (ownNumber !== pageNumber) return;
    try {
      const response = await fetch(plan.dataset.gone, { credentials: "same-origin" });
      if (response.ok && (await response.json()).waiting) continue;
    } catch {
      continue;
    }
    if (ownNumber === pageNumber) return go(plan.dataset.then);
  }
}

function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// --- Events ----------------------------------------------------------------------

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], details.about[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const link = event.target.closest("a[data-swap]");
  const row = event.target.closest("tr");
  const rowLink = row && !event.target.closest("a, button, input") && row.querySelector("a[data-row]");
  const target = link || rowLink;
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const form = unsaved();
  if (form && !target.closest("#invoice-facts")) {
    if (!confirm(form.dataset.unsaved)) return;
    released = form;
  }
  const filter = target.closest("[data-found]");
  if (filter) searched = filter.id;
  go(target.href);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-import")) {
    const format = form.querySelector("[name=format]");
    if (format && format.value) openLoginWindow(form.dataset.window);
  } else if (!form.hasAttribute("data-swap") && !form.hasAttribute("data-post")) {
    released = unsaved();
    return;
  }
  event.preventDefault();
  send(form, event.submitter);
  const checkbox = event.submitter && event.submitter.matches("[role=checkbox]"); // it keeps the focus
  if (event.submitter && !checkbox && form.method === "post") {
    event.submitter.disabled = true; // no second submission
    event.submitter.dataset.pressed = "";
  }
});

// The form whose values would be lost if the page were left now.
function unsaved(except = released) {
  const form = document.querySelector("form[data-unsaved]");
  return form && form !== except && isChanged(form) ? form : null;
}

function isChanged(form) {
  // A refused value is not stored.
  if ("typed" in form.dataset || form.querySelector("[aria-invalid=true], .problems .error")) return true;
  return [...form.elements].some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName !== "SELECT") return "defaultValue" in field && !field.dataset.picker && field.value !== field.defaultValue;
    const initial = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(initial, 0);
  });
}

// Names are proposed while one is typed.
document.addEventListener("input", async (event) => {
  const field = event.target;
  if (!field.dataset.names) return;
  const url = new URL(field.dataset.names, location.href);
  url.searchParams.set("q", field.value);
  const names = await (await fetch(url, { credentials: "same-origin" })).json();
  field.list.replaceChildren(...names.map((name) => new Option("", name)));
});

// Typing in a field of a choice selects it.
document.addEventListener("input", (event) => {
  const choice = event.target.closest(".choice");
  const radio = choice && choice.querySelector("input[type=radio]");
  if (radio && radio !== event.target) radio.checked = true;
});

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.hasAttribute("data-submit")) return void send(field.form);
  if (field.hasAttribute("data-shows-invoice")) return void showInvoice(field.form);
  if (!field.dataset.fields) return;
  const url = new URL(field.dataset.fields, location.href);
  for (const name of ["name", "type", "region", "subject"]) {
    if (field.form.elements[name]) url.searchParams.set(name, field.form.elements[name].value);
  }
  go(url.href);
});

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest && event.target.closest(CELLS);
  if (cell && ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
    const next = nextCell(cell, event.key);
    event.preventDefault();
    if (!next) return;
    next.focus();
    if (next.hasAttribute("data-row") && cell.hasAttribute("data-row")) go(next.href);
    return;
  }
  const menu = event.target.closest && event.target.closest("details.menu, details.about");
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (menu.matches(".about")) {
    return;
  } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    const bar = [...document.querySelectorAll("details.menu > summary")];
    const next = bar[bar.indexOf(menu.querySelector("summary")) + (event.key === "ArrowRight" ? 1 : -1)];
    if (!next) return;
    next.parentElement.open = menu.open;
    menu.open = false;
    next.focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    menu.open = true;
    const entries = [...menu.querySelectorAll(".sheet a, .sheet button")];
    const index = entries.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (entries[index]) entries[index].focus();
    else if (index < 0) menu.querySelector("summary").focus();
  }
});

if (document.body.hasAttribute("data-print")) window.addEventListener("load", () => window.print());

function withoutHash(url) {
  return url.split("#")[0];
}

// Back closes a dialog as its cross does, and asks the same about unsaved values.
window.addEventListener("popstate", (event) => {
  const position = (event.state && event.state.position) || 0;
  if (restoring) {
    restoring = false;
    return;
  }
  if (withoutHash(location.href) === shownAt) return;
  const form = unsaved();
  if (form && !confirm(form.dataset.unsaved)) {
    restoring = true;
    history.go(historyPosition - position);
    return;
  }
  released = form;
  location.reload();
});
// The browser asks before it reloads or closes the page, or leaves it for another site.
window.addEventListener("beforeunload", (event) => {
  if (unsaved()) event.preventDefault();
});
initialise();
