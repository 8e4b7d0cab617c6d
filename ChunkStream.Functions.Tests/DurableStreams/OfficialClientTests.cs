using ChunkStream.Functions.Tests.Clients;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// Runs the protocol's official client (npm <c>@durable-streams/client</c>) in Node against the local host.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class OfficialClientTests(RealPostgres postgres)
{
    private const string Package = "@durable-streams/client";

    // The page uses the same version: see ui/package.json.
    private const string Version = "0.2.7";

    private const string Begin =
        """
        import { DurableStream, IdempotentProducer, stream } from '@durable-streams/client';
        import { once } from 'node:events';
        const [url, tokens] = process.argv.slice(2);
        const said = () => once(process.stdin, 'data');
        const headers = tokens ? { Authorization: async () => `Bearer ${await (await fetch(tokens)).text()}` } : {};
        const handle = new DurableStream({ url, headers, contentType: 'application/json' });

        // Follows until it has so many, or to the end; over as many connections as it takes.
        async function follow(live, offset, most, seen) {
          let sessions = 0;
          for (let isOver = false; !isOver;) {
            try {
              sessions++;
              const leaving = new AbortController();
              const response = await stream({ url, headers, offset, live, signal: leaving.signal,
        """
        + """
         sseResilience: { logWarnings: false } });
              await new Promise((ended, failed) => {
                response.subscribeJson((batch) => {
                  seen.push(...batch.items.map(({ n }) => n));
                  offset = batch.offset;
                  isOver = batch.streamClosed || seen.length >= most;
                  if (isOver) ended();
                });
                // It may come before the last batch.
                response.closed.then(() => setTimeout(ended, 100), failed);
              });
              leaving.abort();
            } catch (error) {
              if (error.status >= 400 && error.status < 500) throw error;
              await new Promise((resolve) => setTimeout(resolve, 50));
            }
          }
          return { offset, sessions };
        }

        """;

    [Fact]
    public async Task It_creates_appends_reads_tails_resumes_and_sees_the_end()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streams:LongPollSeconds", "0.5"));
        await using var node = await StartAsync(api.Client.BaseAddress!,
            """
            console.log((await handle.head()).exists);
            await handle.create();
            await handle.append('{"n":0}');
            await Promise.all([1, 2, 3].map((n) => handle.append(JSON.stringify({ n }))));
            console.log((await (await handle.stream({ live: false })).json()).map(({ n }) => n).join());

            const tails = ['sse', 'long-poll'].map(async (live) => {
              const seen = [];
              const { offset } = await follow(live, '-1', 6, seen);
              return { live, seen, offset };
            });
            await new Promise((resolve) => setTimeout(resolve, 1500));
            await handle.append('{"n":4}');
            await handle.append('{"n":5}');
            const saved = await Promise.all(tails);
            for (const { live, seen, offset } of saved) console.log(live, seen.join(), offset);

            await handle.append('{"n":6}');
            await handle.close({ body: '{"n":7}' });
            for (const { live, offset } of saved) {
              const seen = [];
              await follow(live, offset, Infinity, seen);
              console.log(live, seen.join(), 'closed');
            }
            console.log((await handle.head()).streamClosed);
            await handle.append('{"n":8}').catch((error) => console.log(error.status));
            await handle.delete();
            console.log((await handle.head()).exists);
            """);

        Assert.Equal(
            [
                "false", "0,1,2,3",
                "sse 0,1,2,3,4,5 0000000000000000006", "long-poll 0,1,2,3,4,5 0000000000000000006",
                "sse 6,7 closed", "long-poll 6,7 closed", "true", "409", "false",
            ],
            await node.LinesAsync());
    }

    [Fact]
    public async Task Producers_and_readers_over_a_line_that_is_cut_again_and_again_lose_and_double_nothing()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        await using var line = new CuttableLine(api.Client.BaseAddress!);
        await using var node = await StartAsync(line.Address,
            """
            await handle.create();
            console.log('ready');
            await said();

            const count = 4000;
            const again = async (...request) => {
              for (;;) {
                try {
                  const response = await fetch(...request);
                  if (response.status < 500) return response;
                } catch {}
                await new Promise((resolve) => setTimeout(resolve, 10));
              }
            };
            const readers = ['sse', 'sse', 'long-poll'].map(async (live) => {
              const seen = [];
              const { sessions } = await follow(live, '-1', Infinity, seen);
              return { seen, sessions };
            });
            const producer = new IdempotentProducer(handle, 'producer', { maxBatchBytes: 400, fetch: again,
            """
            + """
             onError: (error) => console.error(error) });
            for (let n = 0; n < count; n++) {
              producer.append(JSON.stringify({ n }));
              if (n % 20 === 0) await producer.flush();
            }
            await producer.close();
            for (const { seen } of await Promise.all(readers))
            """
            + " console.log(seen.length, seen.every((n, index) => n === index));");
        Assert.Equal("ready", await node.ReadLineAsync());
        line.CutFromNowOn(40_000);
        await node.GoOnAsync();

        Assert.Equal(["4000 true", "4000 true", "4000 true"], await node.LinesAsync());
        Assert.InRange(line.Cuts, 3, 1000);
    }

    [Fact]
    public async Task Users_append_and_follow_over_token_after_token_and_lose_and_double_nothing()
    {
        var policy = Path.GetTempFileName();
        await File.WriteAllTextAsync(policy, "users/{sub}/**: read, append, create, close");
        await using var issuer = await TokenIssuer.StartAsync();
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString,
            settings: [.. issuer.Settings, ("ChunkStream:Streams:PolicyPath", policy)]);
        var given = 0;
        api.Serve("token", _ =>
        {
            Interlocked.Increment(ref given);
            return Results.Text(issuer.Token(claims: claims => claims["exp"] = TokenIssuer.In(4)));
        });

        // Three tokens' time.
        await using var node = await StartAsync(
            new Uri(api.Client.BaseAddress!, $"/api/public/streams/users/anna/{Guid.NewGuid():N}"),
            """
            await handle.create();
            const tails = ['sse', 'long-poll'].map(async (live) => {
              const seen = [];
              await follow(live, '-1', Infinity, seen);
              return seen;
            });
            const begun = Date.now();
            let count = 0;
            for (; Date.now() - begun < 9000; count++) {
              await handle.append(JSON.stringify({ n: count }));
              await new Promise((resolve) => setTimeout(resolve, 50));
            }
            await handle.close();
            for (const seen of await Promise.all(tails))
              console.log(seen.length === count, seen.every((n, index) => n === index));
            """,
            new Uri(api.Client.BaseAddress!, "/served/token").ToString());

        Assert.Equal(["true true", "true true"], await node.LinesAsync());
        Assert.InRange(given, 10, int.MaxValue);
        File.Delete(policy);
    }

    [Fact]
    public async Task The_snippet_for_frontends_does_what_it_says()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var snippet = Assert.Single(Snippet.In("streams.md"), snippet => snippet.Name == "follow.mjs");
        using var folder = await NodeFolder.WithAsync(snippet.Needs, Version);
        folder.Write(snippet.Name, snippet.Code.Replace(Snippet.Server, api.Origin, StringComparison.Ordinal));

        await using var node = RunningProgram.Start("node", [snippet.Name], folder.Path);
        var (exitCode, output, errors) = await node.EndAsync();

        Assert.True(exitCode == 0, errors);
        Assert.Equal("", errors);
        Assert.Equal(string.Concat(Enumerable.Range(0, 11).Select(ten => $"{ten * 10}\n")) + "complete\n", output);
        Assert.Contains(
            $"tested: {Version}", await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "streams.md")),
            StringComparison.Ordinal);
        Assert.Contains(
            $"\"{Package}\": \"{Version}\"",
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "ui", "package.json")), StringComparison.Ordinal);
    }

    private static Task<RunningProgram> StartAsync(Uri server, string script)
        => StartAsync(new Uri(server, "/api/streams/" + DurableCalls.NewPath()), script, tokens: "");

    private static async Task<RunningProgram> StartAsync(Uri stream, string script, string tokens)
    {
        // The folder is not deleted, because the program may still read it. It is small.
        var folder = await NodeFolder.WithAsync(Package, Version);
        folder.Write("test.mjs", Begin + script + "\nprocess.exit();\n");
        return RunningProgram.Start("node", ["test.mjs", stream.ToString(), tokens], folder.Path);
    }
}
