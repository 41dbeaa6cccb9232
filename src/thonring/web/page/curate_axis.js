// An axis for the values of a criterion: most of the data and the limits are on it, what lies beyond is at its ends.
export const steps = 1000;
const bins = 50;
const beyond = 255;

export function makeAxis(column, fitted, limits) {
  const finite = [];
  const stride = Math.max(1, Math.floor(column.length / 20000));
  for (let row = 0; row < column.length; row += stride) if (fitted[row] && Number.isFinite(column[row])) finite.push(column[row]);
  finite.sort((one, other) => one - other);
  const bounds = limits.flatMap((limit) => [limit.atLeast, limit.atMost]).filter(Number.isFinite);
  const part = (share) => finite[Math.round(share * (finite.length - 1))];
  const all = finite.length ? [part(0.003), part(0.997), ...bounds] : bounds.length ? bounds : [0, 1];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const log = least > 0 && most / least > 30;
  const to = log ? Math.log : (value) => value;
  const from = log ? Math.exp : (value) => value;
  const room = 0.05 * (to(most) - to(least)) || 0.5 * Math.abs(to(most)) || 1;
  const [low, high] = [!log && least >= 0 ? Math.max(0, least - room) : to(least) - room, to(most) + room];
  const whole = finite.length > 0 && finite.every(Number.isInteger);
  const digits = Math.ceil(-Math.log10((high - low) / steps));
  const rounded = (value) => (whole ? Math.round(value) : log ? Number(value.toPrecision(3)) : digits >= 0 ? Number(value.toFixed(Math.min(digits, 20))) : Math.round(value * 10 ** digits) / 10 ** digits);
  return {
    share: (value) => Math.min(1, Math.max(0, (to(Math.max(value, log ? Number.MIN_VALUE : -Infinity)) - low) / (high - low))),
    value: (share) => rounded(from(low + share * (high - low))),
    ends: [from(low), from(0.5 * (low + high)), from(high)],
  };
}

export function binned(axis, column, fitted) {
  const places = new Uint8Array(column.length).fill(beyond);
  for (let row = 0; row < column.length; row += 1) {
    if (fitted[row] && !Number.isNaN(column[row])) places[row] = Math.min(bins - 1, Math.floor(bins * axis.share(column[row])));
  }
  return places;
}

export function heights(places, wanted) {
  const counts = new Uint32Array(bins);
  for (let row = 0; row < places.length; row += 1) if (places[row] !== beyond && wanted(row)) counts[places[row]] += 1;
  return counts;
}
