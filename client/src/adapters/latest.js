/** Options whose functions are those of the last render. */
export function callingLatest(latest) {
  const { getToken, fetch, ...plain } = latest();
  return {
    ...plain,
    ...(getToken && { getToken: (asked) => latest().getToken(asked) }),
    ...(fetch && { fetch: (...given) => latest().fetch(...given) }),
  };
}
