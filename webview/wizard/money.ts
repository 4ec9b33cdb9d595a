/** `$0.50/h`, `$0.045/h`, `$1,234/h`: dollars an hour. */
export function perHour(dollars: number): string {
  return `${amount(dollars, dollars !== 0 && dollars < 0.1 ? 3 : dollars < 1000 ? 2 : 0)}/h`;
}

/** `$366/month`: dollars a month. */
export function perMonth(dollars: number): string {
  return `${amount(dollars, dollars !== 0 && dollars < 10 ? 2 : 0)}/month`;
}

function amount(dollars: number, digits: number): string {
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `$${dollars.toLocaleString("en-US", format)}`;
}
