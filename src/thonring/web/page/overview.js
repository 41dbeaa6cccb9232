export const overview = { title: "Overview", async show(place) { place.textContent = "Overview"; } };
