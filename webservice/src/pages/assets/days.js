// Days in the reader's zone. The service is told moments, so that an address means the same to everybody.

/** Shows the day of the moment that a field stands for, and has its form send moments. */
export function useOwnDays(field) {
  const { asked, within } = field.dataset;
  if (within) field.value = dayOf(new Date(within));
  const shown = field.value;
  field.form.addEventListener('formdata', ({ formData }) => {
    const { name, value } = field;
    // What nobody changed is asked for as it was.
    if (value) formData.set(name, value === shown && asked ? asked : moment(name, value));
  });
}

/** The day as date fields have it, which is how it is written in Sweden. */
function dayOf(time) {
  return new Intl.DateTimeFormat('sv-SE').format(time);
}

/** When the day begins; for the last one, when the next begins. */
function moment(name, value) {
  const time = new Date(`${value}T00:00`);
  if (name === 'until') time.setDate(time.getDate() + 1);
  return time.toISOString().replace('.000', '');
}
