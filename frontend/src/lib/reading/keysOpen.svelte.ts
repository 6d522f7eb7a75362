/** Whether the page of keys is shown; any screen may ask for it. */
let isOpen = $state(false);

export function askForKeys(): void {
  isOpen = true;
}

export const keysPage = {
  get isOpen() {
    return isOpen;
  },
  set isOpen(next: boolean) {
    isOpen = next;
  }
};
