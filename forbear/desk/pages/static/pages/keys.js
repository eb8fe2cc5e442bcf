// A key presses the button or link that names it in data-key, unless someone is typing or holds a modifier.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const pressed = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (pressed) { event.preventDefault(); pressed.click(); }
});
