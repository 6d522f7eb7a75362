/** Where the API has lists at AniList. */
export const anilistPath = '/api/anilist';
export const statusAddress = `${anilistPath}/status`;
export const waitingPath = `${anilistPath}/waiting`;
export const conflictsPath = `${anilistPath}/conflicts`;
