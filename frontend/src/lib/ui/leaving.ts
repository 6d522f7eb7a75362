/** Asks before something that is typed or under way is lost by going away. */
import { beforeNavigate } from '$app/navigation';
import { t } from '$lib/i18n/i18n.svelte';

/**
 * Guards the page of the component that calls it. `tab`: only closing or reloading the tab would
 * lose something, as with an upload; `page`: going to another page would too, as with a form.
 */
export function guardLeaving(isAtRisk: () => boolean, what: 'tab' | 'page'): void {
  beforeNavigate((navigation) => {
    if (!isAtRisk()) return;
    // Cancelled, leaving the tab makes the browser ask in its own words.
    if (navigation.willUnload) navigation.cancel();
    else if (what === 'page' && !isSamePage(navigation.from?.url, navigation.to?.url)) {
      if (!confirm(t('leave.confirm'))) navigation.cancel();
    }
  });
}

function isSamePage(from: URL | undefined, to: URL | undefined): boolean {
  return from !== undefined && from.pathname === to?.pathname;
}
