/** What a property of the sheet comes to at an element: `light-dark()` is resolved only where a colour is used. */
export function colourOf(element: HTMLElement, name: `--${string}`): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  (element.parentElement ?? document.body).append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
