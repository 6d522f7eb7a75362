/** Time zones to choose from; the device's own stands for "nothing chosen". */
export function deviceZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** "Asia/Ho_Chi_Minh" as people write it: "Ho Chi Minh (Asia)". */
export function zoneName(zone: string): string {
  const [area = '', ...places] = zone.split('/');
  if (places.length === 0) return zone;
  return `${places.reverse().join(', ').replaceAll('_', ' ')} (${area})`;
}

/** Every zone this browser knows, by place; the one in use is kept even where it is unknown. */
export function zoneChoices(inUse: string): { value: string; label: string }[] {
  const known = Intl.supportedValuesOf('timeZone').filter((zone) => !zone.startsWith('Etc/'));
  const zones = inUse && !known.includes(inUse) ? [inUse, ...known] : known;
  return zones
    .map((value) => ({ value, label: zoneName(value) }))
    .sort((one, other) => one.label.localeCompare(other.label));
}
