/** The search over everything, which any screen may open. */
let isOpen = $state(false);

export const quickSearch = {
  get isOpen() {
    return isOpen;
  },
  set isOpen(next: boolean) {
    isOpen = next;
  }
};

export function openQuickSearch(): void {
  isOpen = true;
}
