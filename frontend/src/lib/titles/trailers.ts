/**
 * Players of other sites, by the site and the id of the video there. Their hosts are the ones that
 * the policy of pages lets into frames (`frame-src` in svelte.config.js).
 */
import type { Trailer } from '$lib/api/types';

interface Player {
  name: string;
  address: (id: string) => string;
}

const players: Record<Trailer['site'], Player> = {
  // The host that keeps no cookies.
  youtube: {
    name: 'YouTube',
    address: (id) => `https://www.youtube-nocookie.com/embed/${id}?autoplay=1`
  },
  vimeo: {
    name: 'Vimeo',
    address: (id) => `https://player.vimeo.com/video/${id}?dnt=1&autoplay=1`
  },
  rutube: { name: 'Rutube', address: (id) => `https://rutube.ru/play/embed/${id}` },
  vk: {
    name: 'VK',
    address: (id) => {
      const [owner = '', video = ''] = id.split('_');
      return `https://vk.com/video_ext.php?oid=${owner}&id=${video}&autoplay=1`;
    }
  },
  ok: { name: 'OK', address: (id) => `https://ok.ru/videoembed/${id}?autoplay=1` }
};

export function playerOf({ site, id }: Pick<Trailer, 'site' | 'id'>): {
  name: string;
  address: string;
} {
  const { name, address } = players[site];
  return { name, address: address(encodeURIComponent(id)) };
}
