// Draws the figures of the report from the data embedded in the page.
const embedded = JSON.parse(document.getElementById("figure-data").textContent);
for (const container of document.querySelectorAll("[data-figure]"))
  showFigure(container, embedded[container.dataset.figure]);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaintFigures);
