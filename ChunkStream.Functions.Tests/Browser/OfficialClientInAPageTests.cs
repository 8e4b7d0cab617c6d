using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>The protocol's official client as the page has it, in Chromium.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class OfficialClientInAPageTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    [ChromiumFact]
    public async Task It_writes_reads_tails_and_resumes()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        await using var ui = await UiPage.OpenAsync(chromium, api);

        const string Library = "await import(new URL('lib/durable-streams-client.index.js', document.baseURI))";
        const string Batches = "{ maxBatchBytes: 50, onError: (error) => failures.push(String(error)) }";
        const string TailsAreWhole = "isWhole(seen.sse, 200), isWhole(seen['long-poll'], 200)";
        var seen = await ui.Page.EvaluateAsync<string>(
            $$$"""
            async (url) => {
              const { DurableStream, IdempotentProducer, stream } = {{{Library}}};
              const handle = await DurableStream.create({ url, contentType: 'application/json', warnOnHttp: false });
              const failures = [];
              const producer = new IdempotentProducer(handle, 'page', {{{Batches}}});
              for (let n = 0; n < 100; n++) producer.append(JSON.stringify({ n }));
              await producer.flush();
              const early = (await (await handle.stream({ live: false })).json()).map(({ n }) => n);

              // Leaves after some, and goes on from the offset that it had then.
              const seen = { sse: [], 'long-poll': [] };
              const tail = async (live, offset, most) => {
                const response = await stream({ url, offset, live, warnOnHttp: false });
                await new Promise((resolve) => {
                  const leave = response.subscribeJson((batch) => {
                    seen[live].push(...batch.items.map(({ n }) => n));
                    offset = batch.offset;
                    if (seen[live].length < most) return;
                    leave();
                    resolve();
                  });
                  response.closed.then(resolve);
                });
                return offset;
              };
              const offsets = await Promise.all(Object.keys(seen).map((live) => tail(live, '-1', 100)));
              const rest = Promise.all(Object.keys(seen).map((live, index) => tail(live, offsets[index], Infinity)));
              for (let n = 100; n < 200; n++) {
                producer.append(JSON.stringify({ n }));
                if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
              }
              await producer.close();
              await rest;

              // The client may say that it is closed before it hands out the last batch.
              for (let wait = 0; wait < 100 && (seen.sse.length < 200 || seen['long-poll'].length < 200); wait++) {
                await new Promise((resolve) => setTimeout(resolve, 20));
              }
              const isWhole = (ns, count) => ns.length === count && ns.every((n, index) => n === index);
              return [failures.join(), isWhole(early, 100), {{{TailsAreWhole}}}].join(' ');
            }
            """,
            $"{api.Origin}/api/streams/{DurableCalls.NewPath()}");

        Assert.Equal(" true true true", seen);
    }
}
