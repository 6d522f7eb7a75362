/** What Kit caught while it loaded or drew a page, as the error pages say it. */
import type { HandleClientError } from '@sveltejs/kit';
import { ApiError } from '$lib/api/errors';

export const handleError: HandleClientError = ({ error, message, status }) => {
  if (status === 404) return { message };
  console.error(error);
  // A part of the app that did not arrive is a TypeError, as with any fetch.
  const isOffline =
    (error instanceof ApiError && error.isOffline) ||
    (error instanceof TypeError && !navigator.onLine);
  return isOffline ? { message, code: 'network' } : { message };
};
