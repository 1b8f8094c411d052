// The explorer's page: it holds what is shown, and has it solved and drawn when a control moves.
import { controlOf, queryOf, valueOf, viewOf } from "./address.js";
import { Band } from "./band.js";
import { makeForm, note } from "./controls.js";
import { element } from "./dom.js";
import { FileError, readDrugFile, textOf, tooLarge } from "./drug_file.js";
import { drawSeverity, emptySeverity, numbersTable } from "./numbers.js";
import { BANDED, PANELS, drawPanel, drawReading, emptyPanel, levelOf, timeUnder } from "./panels.js";
import { AS_LOCKED, solve } from "./treatment.js";
import {
  FIRST_DRUG, GIVEN, WHOLE, called, changed, differs, horizonOf, inSentences, lockedView, ofAnotherDrug, shownHours, summaryOf,
} from "./view.js";
import { parseNumber, plain, problemWith, show } from "./words.js";

const REST_MS = 350; // of the controls, before draws are solved
const SLICE_MS = 12; // for draws, before the page may answer again
const READ_AT_H = 24;
const UNKNOWN = "The model could not be solved here";

class Page {
  #place; #model; #form; #parts; #drawn = null; #frame = 0; #rest = 0; #locked = new Map();

  constructor(place, model) {
    this.#place = place;
    this.#model = model;
    const { view, remarks } = viewOf(model, location.search, location.hash);
    this.shown = { view, remarks, own: null, kept: null, band: true, at: READ_AT_H, unread: false };
    this.#form = makeForm(model, this.#actions());
    this.#parts = this.#build();
    this.#listen();
    this.#placeControls();
    this.#render();
  }

  // ---------------------------------------------------------------- what the controls do

  #actions() {
    return {
      moved: (key, value, slider) => this.#put(key, value, slider),
      typed: (key, text) => this.#typed(key, text),
      drug: (name) => this.#choose(name === "own" ? this.shown.own : this.#model.drugs[name]),
      file: (file) => this.#read(file),
      regimen: (regimen) => this.#change({ regimen, doses: null }, ["regimen", "doses"]),
      doses: (doses) => this.#change({ doses, dose: null }, ["doses", "dose"]),
      wrongDose: (words) => this.#remark("doses", words),
      feedback: (feedback) => this.#change({ feedback }, ["feedback"]),
      give: (name, on) => this.#change({ [`${name}_h`]: on ? this.#model[name].control.locked : null }, [name]),
      span: (text) => this.#show({ view: { ...this.shown.view, span: text === WHOLE ? WHOLE : Number(text) } }, ["hours"]),
      band: (band) => this.#show({ band }),
      reset: () => this.#show({ view: lockedView(this.#model, this.shown.view.drug), unread: false, remarks: {} }),
      keep: () => this.#show({ kept: this.shown.view }),
      forget: () => this.#show({ kept: null }),
      link: () => this.#copyLink(),
    };
  }

  /** Show something else; remarks on these controls have done their work. */
  #show(changes, settled = [], slider = null) {
    const remarks = { ...this.shown.remarks };
    for (const key of settled) delete remarks[key];
    this.shown = { ...this.shown, remarks, ...changes };
    this.shown.at = Math.min(this.shown.at, shownHours(this.#model, this.shown.view));
    this.#form.copied.textContent = ""; // it was the link to another view
    this.#placeControls(slider);
    this.#writeAddress();
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#render());
  }

  #change(changes, settled, slider) {
    this.#show({ view: changed(this.#model, this.shown.view, changes), unread: false }, settled, slider);
  }

  #put(key, value, slider) {
    if (key === "at") this.#readAt(value, slider);
    else this.#change({ [GIVEN.includes(key) ? `${key}_h` : key]: value }, [key], slider);
  }

  #typed(key, text) {
    const { view, at } = this.shown;
    const control = key === "at"
      ? { low: 0, high: shownHours(this.#model, view), unit: "h", locked: 0 }
      : controlOf(this.#model, view.drug, key);
    const problem = problemWith(text, control);
    if (problem) {
      const kept = key === "at" ? at : view.setting[GIVEN.includes(key) ? `${key}_h` : key] ?? control.locked;
      this.#remark(key, `${problem} Kept: ${plain(kept)}.`);
      return;
    }
    const isTime = key === "at" || GIVEN.includes(key);
    this.#put(key, valueOf(control, parseNumber(text), isTime), null);
  }

  #remark(key, words) {
    this.shown = { ...this.shown, remarks: { ...this.shown.remarks, [key]: words } };
    this.#placeControls();
  }

  // What is of the drug goes back to its own values; what is set of the network and beside it stays.
  #choose(drug) {
    const { K_M, K_S, feedback, tocilizumab_h, dexamethasone_h } = this.shown.view.setting;
    const view = ofAnotherDrug(this.#model, this.shown.view, drug);
    const setting = { ...view.setting, K_M, K_S, feedback, tocilizumab_h, dexamethasone_h };
    const { K_M: _m, K_S: _s, tocilizumab, dexamethasone, feedback: _f, ...others } = this.shown.remarks;
    this.#show({ view: { ...view, setting }, unread: false }, Object.keys(others));
  }

  async #read(file) {
    const { bytes: most } = this.#model.file.limits;
    try {
      if (file.size > most) throw tooLarge(file.name, file.size, most);
      const own = readDrugFile(this.#model, file.name, textOf(this.#model, file.name, await file.arrayBuffer()));
      this.#locked.delete("own");
      this.shown.own = own;
      this.#choose(own);
    } catch (error) {
      const words = error instanceof FileError ? error.message : `${file.name} could not be read (${error.message})`;
      this.#unread(`${words}. Nothing of it is shown; mend it and give it again, or choose a drug.`);
    }
  }

  // Nothing stays on the screen that could be taken for what the file would give.
  #unread(words) {
    const { view } = this.shown;
    const drug = view.drug.own ? this.#model.drugs[FIRST_DRUG] : view.drug;
    const kept = this.shown.kept?.drug.own ? null : this.shown.kept;
    this.#show({ own: null, kept, unread: true, view: view.drug.own ? lockedView(this.#model, drug) : view });
    this.#remark("file", words);
  }

  // ---------------------------------------------------------------- the address

  #writeAddress() {
    const query = queryOf(this.#model, this.shown.view);
    try {
      history.replaceState(null, "", query ? `?${query}` : location.pathname);
    } catch {
      // a page opened from a file may not change its address; the copy button still gives the link
    }
  }

  async #copyLink() {
    const { copied } = this.#form;
    const query = queryOf(this.#model, this.shown.view);
    if (!query) {
      copied.textContent = "A link cannot hold your own file; send the file beside a link to this page.";
      return;
    }
    const link = `${location.href.split(/[?#]/)[0]}?${query}`;
    try {
      await navigator.clipboard.writeText(link);
      copied.textContent = "Copied.";
    } catch {
      copied.textContent = link;
    }
  }

  #listen() {
    addEventListener("popstate", () => {
      const { view, remarks } = viewOf(this.#model, location.search, location.hash);
      this.#show({ view, remarks, unread: false });
    });
    this.#place.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.#place.classList.add("dropping");
    });
    this.#place.addEventListener("dragleave", () => this.#place.classList.remove("dropping"));
    this.#place.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#place.classList.remove("dropping");
      const [file] = event.dataTransfer.files;
      if (file) this.#read(file);
    });
  }

  // ---------------------------------------------------------------- the parts of the page

  #build() {
    const parts = {
      summary: element("p", { class: "summary", role: "status", id: "explorer-summary" }),
      mark: element("p", { class: "unlocked-mark", id: "explorer-mark", hidden: true }),
      failure: element("p", { class: "failure", role: "alert", id: "explorer-failure" }),
      reading: element("p", { class: "reading-said", role: "status", id: "explorer-reading" }),
      dashedName: element("span", {}),
      banded: element("span", { id: "explorer-banded", hidden: true }),
      numbers: numbersTable(),
      panels: {},
    };
    parts.dashed = element("span", { id: "explorer-dashed", hidden: true }, element("span", { class: "line locked" }), " ", parts.dashedName);
    const figures = PANELS.map((panel) => this.#figure(parts, panel.key, emptyPanel(`panel-${panel.key}`), panel));
    figures.push(this.#figure(parts, "severity", emptySeverity(this.#model)));
    const watched = this.#watch(parts);
    const results = element(
      "section", { class: "explorer-results", "aria-label": "Results" },
      parts.summary, parts.mark, parts.failure,
      element("p", { class: "key" }, element("span", { class: "line now" }), " shown now ", parts.dashed, parts.banded),
      element("div", { class: "panels" }, ...figures, parts.reading,
        element("div", { class: "table-scroll", role: "region", tabindex: "0", "aria-label": "Numbers" }, parts.numbers.table)),
    );
    this.#place.replaceChildren(note("address"), watched, this.#form.form, results);
    return parts;
  }

  #figure(parts, key, svg, panel = null) {
    const caption = element("figcaption", {});
    parts.panels[key] = { svg, caption, panel };
    if (panel) {
      svg.addEventListener("pointermove", (event) => {
        const time = timeUnder(svg, event.clientX, shownHours(this.#model, this.shown.view));
        if (time !== null) this.#drawReadings(time);
      });
      svg.addEventListener("pointerleave", () => this.#drawReadings(this.shown.at));
    }
    return element("figure", { class: "panel" }, caption, svg);
  }

  // On a narrow screen one curve stays in view while a control moves.
  #watch(parts) {
    const figure = this.#figure(parts, "watch", emptyPanel("panel-watch"), PANELS.at(-1));
    const select = element("select", { id: "control-watch", "aria-label": "Curve kept in view" },
      ...PANELS.map(({ key, title }) => element("option", { value: key }, title)));
    select.value = PANELS.at(-1).key;
    select.addEventListener("change", () => {
      parts.panels.watch.panel = PANELS.find(({ key }) => key === select.value);
      this.#draw();
    });
    parts.watchIndex = element("span", { class: "watch-index", "aria-hidden": "true" });
    return element("div", { class: "watch" }, element("div", { class: "watch-head" }, select, parts.watchIndex), figure);
  }

  #placeControls(slider) {
    this.#form.place(this.shown, slider);
    const at = document.getElementById("remark-address");
    const words = this.shown.remarks.address ?? "";
    if (at.textContent !== words) at.textContent = words;
  }

  // ---------------------------------------------------------------- solving

  #asLocked(drug, horizon_h) {
    const key = `${drug.own ? "own" : drug.name} ${horizon_h}`;
    if (!this.#locked.has(key)) this.#locked.set(key, solve(this.#model, drug, AS_LOCKED, { horizon_h }));
    return this.#locked.get(key);
  }

  #render() {
    const { view, kept, unread } = this.shown;
    const model = this.#model;
    const drawn = { solution: null, reference: null, atLock: null, band: null };
    const began = performance.now();
    try {
      if (!unread) {
        const horizon_h = horizonOf(model, view);
        drawn.atLock = this.#asLocked(view.drug, horizon_h);
        drawn.solution = differs(view) ? solve(model, view.drug, view.setting, { horizon_h }) : drawn.atLock;
        if (kept) drawn.reference = solve(model, kept.drug, kept.setting, { horizon_h });
        else if (differs(view)) drawn.reference = drawn.atLock;
      }
      this.#parts.failure.textContent = unread ? "Nothing is drawn: the file was not read." : "";
    } catch (error) {
      drawn.solution = drawn.reference = null;
      this.#parts.failure.textContent = `${UNKNOWN}: ${error.message}. Nothing is drawn; move a control back, or reset.`;
    }
    this.#place.dataset.solveMs = (performance.now() - began).toFixed(1);
    if (drawn.solution && this.shown.band) {
      drawn.band = new Band(model, view.drug, view.setting, drawn.solution, BANDED);
    }
    this.#drawn = drawn;
    this.#say();
    this.#draw();
    clearTimeout(this.#rest);
    if (drawn.band) this.#rest = setTimeout(() => this.#solveDraws(drawn.band), REST_MS);
    this.#place.dataset.index = drawn.solution ? String(drawn.solution.index) : "";
    this.#place.dataset.ready = "yes";
  }

  #solveDraws(band) {
    const until = performance.now() + SLICE_MS;
    while (!band.whole && performance.now() < until) band.step();
    if (band.whole) {
      this.#draw();
      this.#say();
    } else {
      this.#parts.banded.textContent = ` · ${band.done} of ${band.of} draws solved`;
      this.#parts.banded.hidden = false;
      this.#rest = setTimeout(() => this.#solveDraws(band), 0);
    }
  }

  // ---------------------------------------------------------------- drawing and saying

  get #everything() {
    const { view, kept, at } = this.shown;
    const locked = view.drug.own ? "as in the file" : "locked";
    return {
      model: this.#model, view, at, ...this.#drawn, span_h: shownHours(this.#model, view),
      referenceName: kept ? "kept" : locked,
      referenceHasTargets: (kept ?? view).drug.mechanism === "bispecific",
    };
  }

  #draw() {
    const all = this.#everything;
    this.#place.style.setProperty("--drug", all.view.drug.colour);
    for (const place of Object.values(this.#parts.panels)) if (place.panel) drawPanel(place, place.panel, all);
    drawSeverity(this.#parts.panels.severity, all);
    this.#parts.numbers.fill(all);
    this.#drawReadings(this.shown.at);
  }

  #drawReadings(at) {
    const { solution } = this.#drawn;
    for (const place of Object.values(this.#parts.panels)) {
      if (place.panel) drawReading(place, place.panel, { model: this.#model, solution, at });
    }
  }

  #readAt(at, slider) {
    this.shown = { ...this.shown, at };
    this.#remark("at", "");
    this.#form.place(this.shown, slider);
    this.#drawReadings(at);
    this.#parts.numbers.fill(this.#everything);
    const { solution } = this.#drawn;
    if (!solution) return;
    const said = PANELS.filter(({ key }) => key !== "T").map(({ key, title, unit }) =>
      `${title} ${show(levelOf(this.#model, key, solution.at(key, at)))} ${unit}`);
    this.#parts.reading.textContent = `At ${plain(at)} h: ${said.join("; ")}.`;
  }

  #say() {
    const { view, kept } = this.shown;
    const { solution, reference, atLock, band } = this.#drawn;
    const parts = this.#parts;
    const words = inSentences(this.#model, view);
    parts.mark.hidden = !words;
    parts.mark.textContent = words;
    parts.reading.textContent = "";
    parts.dashed.hidden = !reference;
    parts.dashedName.textContent = kept
      ? `kept: ${called(kept)}`
      : view.drug.own ? "as your file says, untreated" : `at the values of lock ${this.#model.lock.version}, untreated`;
    const whole = band?.whole && band.done > 0;
    parts.banded.hidden = !whole;
    parts.banded.textContent = whole ? ` · shaded: 90 % of ${band.done} draws${band.failed ? `; ${band.failed} could not be solved` : ""}` : "";
    parts.watchIndex.textContent = solution ? `severity ${solution.index.toFixed(2)}, grade ${solution.grade}` : "no result";
    parts.summary.textContent = summaryOf(view, { solution, atLock, kept: kept && reference }, whole ? band : null);
  }
}

const place = document.getElementById("live-explorer");
if (place && globalThis.qspModel) {
  new Page(place, globalThis.qspModel);
} else if (place) {
  place.textContent = "The numbers of this page did not load, so that nothing can be solved. Load the page again.";
}
