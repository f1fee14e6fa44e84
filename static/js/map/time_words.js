// What a picture of another moment means, in the words of the band, the panel and the pictures taken of it.
export function meaningOf(moment, now) {
  if (moment.at > now) return "if nothing new is reported";
  return moment.knownAt === null ? "as we know today about then" : "as it was shown then";
}
