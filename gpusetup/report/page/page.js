(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const say = (text) => { document.getElementById("said").textContent = text; };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const root = document.documentElement;

  // Light and dark: what the system wants, until the button says otherwise.
  const theme = document.getElementById("theme");
  const wantsDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : wantsDark.matches);
  const showTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.hidden = false;
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; showTheme(); });
  wantsDark.addEventListener("change", showTheme);
  showTheme();

  // Copy: the command as it is shown.
  const copy = async (button) => {
    const text = button.parentElement.querySelector("code").textContent;
    let done = true;
    try { await navigator.clipboard.writeText(text); } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    say(done ? "Copied" : "The command is selected");
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  for (const button of all("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }

  // Search: hide what has not every word; open the groups in which something is left.
  const filter = (input) => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const target = document.getElementById(input.dataset.filter);
    let shown = 0;
    for (const row of all(".row", target)) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    for (const group of all("details.group", target)) {
      const left = all(".row", group).some((row) => !row.hidden);
      group.hidden = !left;
      if (words.length) group.open = left;
    }
    say(words.length ? `${shown} shown` : "");
  };
  for (const input of all("input[data-filter]")) {
    input.closest("[hidden]")?.removeAttribute("hidden");
    input.addEventListener("input", () => filter(input));
  }

  // The menu of sections: it closes once something is picked, at Escape, and when the focus or the pointer goes elsewhere.
  const menu = document.querySelector(".menu");
  const close = () => { menu.open = false; };
  if (menu) {
    menu.addEventListener("click", (event) => { if (event.target.localName === "a") close(); });
    menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) close(); });
    addEventListener("pointerdown", (event) => { if (!menu.contains(event.target)) close(); });
    menu.addEventListener("keydown", (event) => { if (event.key === "Escape" && menu.open) { close(); menu.querySelector("summary").focus(); } });
  }

  // A link into something folded unfolds it.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let one = target; one; one = one.parentElement) if (one.localName === "details") one.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  // Grids: one framework or one column alone; a refused field says its reason when it is pointed at or has the focus.
  const narrow = (grid) => {
    const picked = Object.fromEntries(all("select[data-show]", grid).map((one) => [one.dataset.show, Number(one.value)]));
    const fixed = 3;
    all("tbody", grid).forEach((group, place) => { group.hidden = Boolean(picked.group) && place + 1 !== picked.group; });
    for (const row of all("tr", grid.querySelector("table"))) {
      if (row.cells.length !== fixed + grid.querySelector("thead tr").cells.length - fixed) continue;
      [...row.cells].forEach((cell, place) => { cell.hidden = Boolean(picked.column) && place >= fixed && place + 1 !== fixed + picked.column; });
    }
  };
  const said = document.createElement("div");
  said.className = "reason";
  said.hidden = true;
  said.setAttribute("role", "tooltip");
  said.id = "reason";
  document.body.append(said);
  const point = (link) => {
    said.textContent = document.getElementById(link.hash.slice(1)).textContent.trim();
    said.hidden = false;
    link.setAttribute("aria-describedby", said.id);
    const at = link.getBoundingClientRect(), size = said.getBoundingClientRect();
    said.style.left = `${Math.max(4, Math.min(at.left, innerWidth - size.width - 8))}px`;
    said.style.top = `${at.bottom + size.height + 8 < innerHeight ? at.bottom + 6 : at.top - size.height - 6}px`;
  };
  const unpoint = () => { said.hidden = true; };
  for (const grid of all(".grid")) {
    grid.querySelector(".pick").hidden = false;
    for (const one of all("select[data-show]", grid)) one.addEventListener("change", () => narrow(grid));
    const link = (event) => event.target.closest?.("td.no a, td a[href^='#']");
    for (const kind of ["pointerover", "focusin"]) grid.addEventListener(kind, (event) => { if (link(event)) point(link(event)); });
    for (const kind of ["pointerout", "focusout"]) grid.addEventListener(kind, unpoint);
    grid.addEventListener("click", (event) => { if (link(event) && event.pointerType === "touch") { event.preventDefault(); point(link(event)); } });
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") unpoint(); });
  addEventListener("scroll", () => { const at = document.activeElement; if (!said.hidden && at?.matches(".grid td a")) point(at); else unpoint(); }, true);

  // Print what is folded as well, and fold it again afterwards.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])").filter((one) => !one.matches(".bulk, .numbers, .menu"));
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of folded) one.open = false; });

  // Charts: one after the other, so that the page can be read meanwhile; one that is folded waits until it is unfolded.
  const config = JSON.parse(document.getElementById("chart-config").textContent);
  const options = { ast: true, logLevel: 1, renderer: "svg", actions: false, defaultStyle: false, config, tooltip: { disableDefaultStyle: true } };
  const addPlay = (place, view, bound) => {
    const slider = place.querySelector('input[type="range"]');
    if (!slider || !bound) return;
    const button = document.createElement("button");
    let timer = 0;
    const stop = () => { clearInterval(timer); timer = 0; button.textContent = "Play"; };
    const step = () => {
      const next = Number(slider.value) + Number(slider.step || 1);
      if (next > Number(slider.max)) { stop(); return; }
      view.signal(bound, next).runAsync();
    };
    const play = () => {
      if (Number(slider.value) >= Number(slider.max)) view.signal(bound, Number(slider.min)).runAsync();
      button.textContent = "Pause";
      timer = setInterval(step, calm.matches ? 1500 : 350);
    };
    button.type = "button";
    button.className = "play";
    button.textContent = "Play";
    button.addEventListener("click", () => (timer ? stop() : play()));
    slider.closest(".vega-bind").prepend(button);
  };
  // A specification has the columns of a narrow screen; a wide one has as many panels beside each other as fit.
  const widen = (spec, place) => {
    if (!spec.columns || !spec.spec?.width) return;
    const fit = Math.floor((place.clientWidth - 60) / (spec.spec.width + spec.spacing));
    spec.columns = Math.max(spec.columns, fit);
  };
  const draw = async (place) => {
    if (place.dataset.drawn) return;
    place.dataset.drawn = "yes";
    const spec = JSON.parse(document.getElementById(`${place.id}-chart`).textContent);
    try {
      widen(spec, place);
      const made = await vegaEmbed(place, spec, options);
      const svg = place.querySelector("svg");
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", place.dataset.label);
      addPlay(place, made.view, (spec.params || []).find((one) => one.name === "frame" && one.bind)?.name);
    } catch (error) {
      place.textContent = "This chart cannot be drawn; its numbers are below.";
      place.classList.add("failed");
      console.error(error);
    }
  };
  const drawAll = async () => {
    for (const place of all(".chart")) {
      if (!place.checkVisibility()) continue; // what is folded has an offsetParent all the same
      await draw(place);
      await new Promise((resume) => setTimeout(resume));
    }
    root.dataset.ready = "yes";
  };
  document.addEventListener("toggle", (event) => { if (event.target.open && root.dataset.ready) drawAll(); }, true);
  requestAnimationFrame(() => setTimeout(drawAll));
})();
