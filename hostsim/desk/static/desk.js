// What the pages cannot do by themselves: dialogs that keep the focus, pages
// that change without losing the place, the login's window, and progress.
// Without this file every form and link works all the same.
"use strict";

const HEARD_EVERY = 4000; // ms between two sentences for a screen reader
const SAID_FOR = 1000; // ms that such a sentence stands there
const ASK_EVERY = 400; // ms between two questions to a running import
const ASK_PLAN_EVERY = 5000; // ms between two questions to an export that waits for an answer

let loginWindow = null;
let openedAt = null; // the address that the login's window was sent to
let opener = null; // what a dialog was opened from: its id, its list and its place there
let turn = 0; // counts pages, so that a question of an earlier page changes nothing
let released = null; // a form whose values were sent, or may go
let restoring = false; // going back to where somebody wants to stay
let shownAt = withoutHash(location.href);
// Where this page stands among those of the window, so that one knows the way back.
if (!history.state) history.replaceState({ place: 0 }, "");
let place = history.state.place || 0;

// --- Pages -------------------------------------------------------------------

async function go(address, options) {
  const mine = ++turn;
  let answer;
  try {
    answer = await fetch(address, { credentials: "same-origin", ...options });
  } catch {
    // The browser says best what it cannot reach; what somebody typed is asked about first.
    if (options) released = null;
    pressAgain();
    location.assign(address);
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== turn) return;
  // A refusal that has no page of its own, as of a session that ended, leaves what is shown.
  if (answer.status >= 400 && !page.querySelector("dialog") && (options || !page.querySelector("main")) && refuse(page)) return;
  const sent = options && options.method === "POST";
  const stored = sent && answer.redirected;
  if (sent && !stored) released = null;
  show(page, answer.url, sent && answer.status >= 400, stored);
}

function refuse(page) {
  const sentence = page.querySelector("[role=alert]") || (page.querySelector("main") ? null : page.body);
  const told = document.querySelector("dialog .body, dialog form, .window > .notices");
  if (!sentence || !told) return false;
  document.querySelectorAll(".refused").forEach((one) => one.remove());
  const notice = document.createElement("p");
  notice.className = "notice error refused";
  notice.setAttribute("role", "alert");
  // Without a page of its own it is a line in each language, after its code.
  const [sv, en] = sentence.textContent.trim().replace(/^[A-Z_]+: /, "").split("\n");
  notice.textContent = document.documentElement.lang === "en" && en ? en : sv;
  told.prepend(notice);
  released = null;
  pressAgain();
  return true;
}

function pressAgain() {
  document.querySelectorAll("button[data-pressed]").forEach((one) => { one.disabled = false; });
}

function show(page, address, keepAddress, stored) {
  const focused = document.activeElement && document.activeElement.id;
  const places = [...document.querySelectorAll(".scroll[id]")].map((s) => [s.id, s.scrollTop, s.scrollLeft]);
  const folds = [...document.querySelectorAll("details.pane[id]")].map((d) => [d.id, d.open]);
  const dialogBefore = dialogTitle(document);
  const typed = !stored && dialogBefore === dialogTitle(page) && unsaved(released);
  const progressBefore = Boolean(document.querySelector("dialog[data-job]"));
  if (!dialogBefore) opener = placeOf(document.activeElement);
  document.title = page.title;
  document.documentElement.lang = page.documentElement.lang;
  document.body.replaceWith(document.importNode(page.body, true));
  if (!keepAddress && address !== location.href) history.pushState({ place: ++place }, "", address);
  shownAt = withoutHash(location.href);
  released = null;
  // The same form anew, as with the fields of another choice: what was typed is still not stored.
  if (typed) document.querySelectorAll("form[data-unsaved]").forEach((one) => { one.dataset.typed = ""; });
  for (const [id, open] of folds) {
    const fold = document.getElementById(id);
    if (fold && open) fold.open = true;
  }
  for (const [id, top, left] of places) {
    const place = document.getElementById(id);
    if (place) { place.scrollTop = top; place.scrollLeft = left; }
  }
  begin();
  const same = focused && document.getElementById(focused);
  const first = document.querySelector("dialog [autofocus]");
  // A link within a dialog leads on to its first field; a field that was left keeps the focus.
  if (same && dialogBefore === dialogTitle(document) && !(first && same.tagName === "A")) focusOn(same);
  else if (!document.querySelector("dialog")) focusOn((dialogBefore && !progressBefore && placeFor(opener)) || same || (!dialogBefore && placeFor(opener)) || document.querySelector("#save-payments:enabled") || document.getElementById("run-scroll") || document.getElementById("read-file") || document.getElementById("export-items") || document.getElementById("content"));
  const wrong = document.querySelector("dialog [aria-invalid=true]");
  if (wrong) focusOn(wrong);
}

// Where a row had the focus and has left its list, the row that took its place gets it.
function placeOf(element) {
  if (!element || element === document.body) return null;
  const scroll = element.closest(".scroll[id]");
  const row = element.closest("tbody tr");
  return {
    id: element.id,
    list: row && scroll ? scroll.id : null,
    at: row ? row.sectionRowIndex : 0,
    kind: element.closest("td.act") ? "td.act" : "td:not(.act)",
  };
}

function placeFor(place) {
  if (!place) return null;
  const same = place.id && document.getElementById(place.id);
  // A row that went to another list took its button along.
  if (same && !same.disabled && (!place.list || same.closest(`#${place.list}`))) return same;
  const rows = place.list ? [...document.querySelectorAll(`#${place.list} tbody tr`)] : [];
  for (const row of [...rows.slice(place.at), ...rows.slice(0, place.at).reverse()]) {
    const found = row.querySelector(`${place.kind} [data-cell], ${place.kind} [data-row]`);
    if (found) return found;
  }
  return null;
}

function focusOn(element) {
  rove(element);
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
  if (form.method === "get") {
    const address = new URL(action);
    address.search = new URLSearchParams([...fields].filter(([, value]) => value)).toString();
    return go(address.href);
  }
  return go(action, { method: "POST", body: new URLSearchParams(fields) });
}

// --- Dialogs -----------------------------------------------------------------

function begin() {
  offerCalendars();
  sayAgain();
  for (const list of document.querySelectorAll("table.list")) oneStop(list);
  const dialog = document.querySelector("dialog[open]");
  const plan = document.querySelector("[data-gone]");
  if (plan) watchPlan(plan, turn);
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
  if (dialog.dataset.job) watch(dialog, turn);
}

// A screen reader hears only what comes into a region that is there already.
function sayAgain() {
  for (const region of document.querySelectorAll(".notices")) {
    const said = [...region.childNodes];
    if (!said.some((one) => one.nodeType === 1)) continue;
    region.replaceChildren();
    setTimeout(() => region.replaceChildren(...said), 60);
  }
}

// --- A payment by hand ----------------------------------------------------------

// Shows the invoice that was named; what somebody typed meanwhile stays as it is.
async function showInvoice(form) {
  const mine = turn;
  const address = new URL(form.action);
  for (const name of ["invoice", "region"]) address.searchParams.set(name, form.elements[name].value);
  let page;
  try {
    const answer = await fetch(address, { credentials: "same-origin" });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return; // the button says it, too
  }
  const facts = page.getElementById("invoice-facts");
  if (mine !== turn || !facts) return;
  document.getElementById("invoice-facts").replaceChildren(...facts.childNodes);
  const amount = form.elements.amount;
  const left = page.getElementById("amount").dataset.prefilled || "";
  if (amount.value !== (amount.dataset.prefilled || "")) return;
  amount.value = amount.dataset.prefilled = form.elements.prefilled.value = left;
  form.elements.prefilled_of.value = page.getElementsByName("prefilled_of")[0].value;
}

// --- Lists: one stop for Tab, arrows within -------------------------------------

const CELLS = "tbody [data-cell], tbody [data-row]";

function oneStop(list) {
  const cells = [...list.querySelectorAll(CELLS)];
  const first = list.querySelector("tr.chosen [data-row]") || list.querySelector("td.act [data-cell]") || cells[0];
  for (const cell of cells) cell.tabIndex = cell === first ? 0 : -1;
}

function rove(cell) {
  if (!cell.matches(CELLS)) return;
  for (const other of cell.closest("table").querySelectorAll(CELLS)) other.tabIndex = -1;
  cell.tabIndex = 0;
}

document.addEventListener("focusin", (event) => rove(event.target));

// The cell that an arrow leads to: the same one of the next row, or the next one of the row.
function besideCell(cell, key) {
  const row = cell.closest("tr");
  const inRow = (which) => [...which.querySelectorAll("[data-cell], [data-row]")];
  const at = inRow(row).indexOf(cell);
  if (key === "ArrowRight" || key === "ArrowLeft") return inRow(row)[at + (key === "ArrowRight" ? 1 : -1)];
  const inAct = cell.closest("td.act");
  const rows = [...row.parentElement.rows];
  const step = key === "ArrowDown" || key === "End" ? 1 : -1;
  const end = key === "Home" || key === "End";
  let found = null;
  for (let n = row.sectionRowIndex + step; rows[n]; n += step) {
    const cells = inRow(rows[n]);
    const next = inAct ? rows[n].querySelector("td.act [data-cell]") : cells[Math.min(at, cells.length - 1)];
    if (next) found = next;
    if (next && !end) break;
  }
  return found;
}

// --- Dates ---------------------------------------------------------------------
// Written as Swedes write them, whatever the browser's own language is.

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

function openLoginWindow(address) {
  // At once, in the click: later a browser would take it for an advertisement.
  openedAt = null;
  loginWindow = window.open("about:blank", "_blank", "popup,width=560,height=760");
  if (!loginWindow) return;
  loginWindow.opener = null; // the login's page must not be able to move ours
  loginWindow.location.replace(address);
}

function sendLoginWindowTo(address) {
  if (!loginWindow || openedAt === address) return;
  openedAt = address;
  try {
    loginWindow.location.replace(address);
  } catch {
    loginWindow = null; // it was closed; the link in the dialog is still there
  }
}

function closeUnusedLoginWindow() {
  // Where nobody had to sign in. Once it has gone elsewhere it is no longer ours to close.
  if (loginWindow && openedAt === null) loginWindow.close();
  loginWindow = null;
}

async function watch(dialog, mine) {
  let heardAt = Date.now();
  let heardStage = "login";
  const part = (id) => dialog.querySelector(`#${id}`);
  while (mine === turn) {
    let now;
    try {
      const answer = await fetch(dialog.dataset.job, { credentials: "same-origin" });
      if (!answer.ok) return location.reload();
      now = await answer.json();
    } catch {
      await later(2000);
      continue;
    }
    if (mine !== turn) return;
    if (now.ended) {
      closeUnusedLoginWindow();
      return go(dialog.dataset.then);
    }
    if (now.login) sendLoginWindowTo(now.login);
    else if (now.stage && now.stage !== "login" && openedAt === null) closeUnusedLoginWindow();
    part("sentence").textContent = now.sentence;
    part("login").hidden = !now.signing_in;
    for (const figure of ["read", "pages", "done_of", "left"]) {
      if (part(figure)) part(figure).textContent = now[figure];
    }
    const bar = part("progress");
    if (now.total) { bar.max = now.total; bar.value = now.done; } else bar.removeAttribute("value");
    // A login counts down; that is not said again and again. What was said stands on the page once.
    if (now.stage !== heardStage || (now.stage !== "login" && Date.now() - heardAt > HEARD_EVERY)) {
      heardAt = Date.now();
      heardStage = now.stage;
      part("heard").textContent = now.sentence;
      setTimeout(() => part("heard").replaceChildren(), SAID_FOR);
    }
    await later(ASK_EVERY);
  }
}

// A plan that nobody answered in time, or that was answered in another tab, is gone.
async function watchPlan(plan, mine) {
  while (mine === turn) {
    await later(ASK_PLAN_EVERY);
    if (mine !== turn) return;
    try {
      const answer = await fetch(plan.dataset.gone, { credentials: "same-origin" });
      if (answer.ok && (await answer.json()).waiting) continue;
    } catch {
      continue;
    }
    if (mine === turn) return go(plan.dataset.then);
  }
}

function later(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// --- What people do --------------------------------------------------------------

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], details.about[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const link = event.target.closest("a[data-swap]");
  const row = event.target.closest("tr");
  const ofRow = row && !event.target.closest("a, button, input") && row.querySelector("a[data-row]");
  const target = link || ofRow;
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const form = unsaved();
  if (form && !target.closest("#invoice-facts")) {
    if (!confirm(form.dataset.unsaved)) return;
    released = form;
  }
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
  const box = event.submitter && event.submitter.matches("[role=checkbox]"); // it keeps the focus
  if (event.submitter && !box && form.method === "post") {
    event.submitter.disabled = true; // once is enough
    event.submitter.dataset.pressed = "";
  }
});

// The form whose values would be lost if the page were left now.
function unsaved(besides = released) {
  const form = document.querySelector("form[data-unsaved]");
  return form && form !== besides && isChanged(form) ? form : null;
}

function isChanged(form) {
  // A refused value is stored nowhere.
  if ("typed" in form.dataset || form.querySelector("[aria-invalid=true], .problems .error")) return true;
  return [...form.elements].some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName !== "SELECT") return "defaultValue" in field && !field.dataset.picker && field.value !== field.defaultValue;
    const before = [...field.options].findIndex((one) => one.defaultSelected);
    return field.selectedIndex !== Math.max(before, 0);
  });
}

// Names are proposed while one is written.
document.addEventListener("input", async (event) => {
  const field = event.target;
  if (!field.dataset.names) return;
  const address = new URL(field.dataset.names, location.href);
  address.searchParams.set("q", field.value);
  const names = await (await fetch(address, { credentials: "same-origin" })).json();
  field.list.replaceChildren(...names.map((name) => new Option("", name)));
});

// Whoever types beside a choice means that one.
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
  const address = new URL(field.dataset.fields, location.href);
  for (const name of ["name", "type", "region", "subject"]) {
    if (field.form.elements[name]) address.searchParams.set(name, field.form.elements[name].value);
  }
  go(address.href);
});

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest && event.target.closest(CELLS);
  if (cell && ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
    const next = besideCell(cell, event.key);
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
    const at = entries.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (entries[at]) entries[at].focus();
    else if (at < 0) menu.querySelector("summary").focus();
  }
});

if (document.body.hasAttribute("data-print")) window.addEventListener("load", () => window.print());

function withoutHash(address) {
  return address.split("#")[0];
}

// Back closes a dialog as its cross does: where something is typed in it, with the same question.
window.addEventListener("popstate", (event) => {
  const there = (event.state && event.state.place) || 0;
  if (restoring) {
    restoring = false;
    return;
  }
  if (withoutHash(location.href) === shownAt) return;
  const form = unsaved();
  if (form && !confirm(form.dataset.unsaved)) {
    restoring = true;
    history.go(place - there);
    return;
  }
  released = form;
  location.reload();
});
// To load the page anew, to close it, or to leave it for another site is asked about by the browser.
window.addEventListener("beforeunload", (event) => {
  if (unsaved()) event.preventDefault();
});
begin();
