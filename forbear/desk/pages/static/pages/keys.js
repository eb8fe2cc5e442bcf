// A key presses the button or link, or enters the field, that names it in data-key, unless someone is typing, holds a
// modifier, or has switched keys off in the help that `?` opens. What a key does is read from the page itself.
(() => {
  const help = document.getElementById("keys");
  const chosen = document.getElementById("keys-on");
  let on = true;
  try { on = localStorage.getItem("keys") !== "off"; } catch { /* storage is refused: keys stay on */ }
  if (chosen) {
    chosen.checked = on;
    chosen.addEventListener("change", () => {
      on = chosen.checked;
      try { localStorage.setItem("keys", on ? "on" : "off"); } catch { /* for this page only */ }
    });
  }

  function nameOf(one) {
    const copy = one.cloneNode(true);
    copy.querySelectorAll("kbd").forEach((key) => key.remove());
    return copy.textContent.trim() || one.closest("label")?.firstChild.textContent.trim() || "";
  }

  function list() {
    const rows = [...document.querySelectorAll("main [data-key], header [data-key]")].map((one) => {
      const row = document.createElement("li"), key = document.createElement("kbd");
      key.textContent = one.dataset.key.toUpperCase();
      row.append(key, " ", nameOf(one));
      return row;
    });
    help.querySelector("ul").replaceChildren(...rows);
  }

  function open() {
    list();
    help.showModal();
  }

  document.getElementById("keys-open")?.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "?" && help) { event.preventDefault(); if (help.open) help.close(); else open(); return; }
    if (!on || help?.open) return;
    const name = `[data-key="${CSS.escape(event.key.toLowerCase())}"]`;
    // The page's own key comes before a door's that has the same letter.
    const named = [...document.querySelectorAll(`main ${name}`), ...document.querySelectorAll(name)];
    const pressed = named.find((one) => one.checkVisibility?.() ?? true);
    if (!pressed) return;
    event.preventDefault();
    if (pressed.matches("input")) pressed.focus(); else pressed.click();
  });
})();
