// The axis and the bins of a criterion's histogram. The axis spans 99.4 % of the values and the limits; outliers fall into
// the first and the last bin.
export const steps = 1000;
const bins = 50;
const noBin = 255;

export function makeAxis(column, fitted, limits) {
  const finite = [];
  const stride = Math.max(1, Math.floor(column.length / 20000));
  for (let row = 0; row < column.length; row += stride)
    if (fitted[row] && Number.isFinite(column[row])) finite.push(column[row]);
  finite.sort((a, b) => a - b);
  const bounds = limits.flatMap((limit) => [limit.atLeast, limit.atMost]).filter(Number.isFinite);
  const quantile = (share) => finite[Math.round(share * (finite.length - 1))];
  const all = finite.length ? [quantile(0.003), quantile(0.997), ...bounds] : bounds.length ? bounds : [0, 1];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const log = least > 0 && most / least > 30;
  const to = log ? Math.log : (value) => value;
  const from = log ? Math.exp : (value) => value;
  const margin = 0.05 * (to(most) - to(least)) || 0.5 * Math.abs(to(most)) || 1;
  const [low, high] = [!log && least >= 0 ? Math.max(0, least - margin) : to(least) - margin, to(most) + margin];
  const integers = finite.length > 0 && finite.every(Number.isInteger);
  const digits = Math.ceil(-Math.log10((high - low) / steps));
  const rounded = (value) =>
    integers
      ? Math.round(value)
      : log
        ? Number(value.toPrecision(3))
        : digits >= 0
          ? Number(value.toFixed(Math.min(digits, 20)))
          : Math.round(value * 10 ** digits) / 10 ** digits;
  return {
    share: (value) =>
      Math.min(1, Math.max(0, (to(Math.max(value, log ? Number.MIN_VALUE : -Infinity)) - low) / (high - low))),
    value: (share) => rounded(from(low + share * (high - low))),
    ends: [from(low), from(0.5 * (low + high)), from(high)],
  };
}

export function binRows(axis, column, fitted) {
  const binOfRow = new Uint8Array(column.length).fill(noBin);
  for (let row = 0; row < column.length; row += 1) {
    if (fitted[row] && !Number.isNaN(column[row]))
      binOfRow[row] = Math.min(bins - 1, Math.floor(bins * axis.share(column[row])));
  }
  return binOfRow;
}

export function heights(binOfRow, include) {
  const counts = new Uint32Array(bins);
  for (let row = 0; row < binOfRow.length; row += 1)
    if (binOfRow[row] !== noBin && include(row)) counts[binOfRow[row]] += 1;
  return counts;
}
