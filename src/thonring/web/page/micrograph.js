export const micrograph = { title: "Micrograph", inBar: false, async show(place) { place.textContent = "Micrograph"; } };
