using System.Globalization;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>
/// The npm package <c>chunkstream-client</c> for users who have signed in, in Node, against the real server, a real
/// Postgres and an issuer whose tokens live for seconds.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class JavaScriptClientTokenTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Rows = 6000;

    // Ten seconds or so, which is three tokens.
    private const string Slow =
        "select id, case when id % 50 = 0 then (select 'w' from pg_sleep(0.08 + 0 * id)) end as slept,"
        + " current_setting('request.jwt.claims')::json ->> 'sub' as owner from read_with_tokens order by id";

    private TokenIssuer _issuer = null!;
    private LocalApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            $"""
            drop table if exists read_with_tokens;
            create table read_with_tokens as select n as id from generate_series(1, {Rows}) n;
            alter table read_with_tokens add primary key (id);
            analyze read_with_tokens;
            """);
        _issuer = await TokenIssuer.StartAsync();
        _api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            new QueryFiles()
                .With("keyed", $"-- access: user(reader)\n-- key: id\n{Slow}")
                .With("keyless", $"-- access: user(reader)\n{Slow}"),
            _issuer.Settings);
        _api.Serve("token", Token);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _issuer.DisposeAsync();
        await postgres.ExecuteAsync("drop table read_with_tokens;");
    }

    [Fact]
    public async Task A_stream_goes_on_with_token_after_token_and_gives_each_row_once_and_only_to_its_user()
    {
        // Side by side: each takes as long as its tokens live.
        await using var node = RunningProgram.JavaScript(_api.Client.BaseAddress!,
            $$"""
            const given = [];
            const tokenOf = async (subject, seconds, signal) => {
              const url = new URL(`/served/token?subject=${subject}&seconds=${seconds}`, api);
              given.push(await (await fetch(url, { signal })).text());
              return given.at(-1);
            };
            const read = async (query, options) => {
              const seen = { ids: [], owners: new Set(), asked: [], error: null };
              const getToken = (asked) => {
                seen.asked.push(asked.refresh);
                return options.getToken(asked, seen.asked.length);
              };
              const rows = stream(`${api}/public/queries/${query}`, { backoffMs: 5, ...options, getToken });
              try {
                for await (const row of rows) {
                  seen.ids.push(row.id);
                  seen.owners.add(row.owner);
                }
              } catch (error) {
                seen.error = error;
              }
              const told = `${seen.error?.stack} ${seen.error?.cause} ${JSON.stringify(rows.progress)}`;
              if (given.some((token) => told.includes(token))) throw new Error('A token was told.');
              return { ...seen, ...rows.progress };
            };
            const inOrder = (ids) => ids.every((id, index) => id === index + 1);
            const say = (name, ...what) => console.log(name, ...what.map(String));

            const several = async () => {
              const { ids, owners, asked, state } = await read('keyed', {
                getToken: ({ signal }) => tokenOf('anna', 4, signal),
              });
              say('several', ids.length, inOrder(ids), [...owners], asked.length >= 3, state);
            };
            const another = async () => {
              const first = await read('keyed', {
                getToken: ({ signal }, times) => tokenOf(times === 1 ? 'anna' : 'bert', 4, signal),
              });
              say('another', inOrder(first.ids), [...first.owners], first.error.status, first.error.problem.type);
              const rest = await read('keyed', {
                resume: first.error.checkpoint, getToken: ({ signal }) => tokenOf('anna', 60, signal),
              });
              const ids = [...first.ids, ...rest.ids];
              say('another', ids.length, inOrder(ids), [...rest.owners], rest.state);
            };
            const keyless = async () => {
              const { ids, asked, error } = await read('keyless', {
                getToken: ({ signal }) => tokenOf('anna', 4, signal),
              });
              say('keyless', inOrder(ids), ids.length > 0, ids.length < {{Rows}}, error.status, error.problem.type);
              say('keyless', error.message.includes("no checkpoints"), error.checkpoint);
            };
            const stale = async () => {
              const { asked, ids, state } = await read('keyed?limit=3', {
                getToken: ({ refresh, signal }) => tokenOf('anna', refresh ? 60 : -60, signal),
              });
              say('stale', ids, asked, state);
            };
            const foreign = async () => {
              const { asked, error } = await read('keyed', { getToken: () => 'of.another.issuer' });
              say('foreign', asked, error.status, error.problem.type, error.message);
            };
            await Promise.all([several(), another(), keyless(), stale(), foreign()]);
            """);

        var lines = (await node.LinesAsync()).Order(StringComparer.Ordinal);

        Assert.Equal(
            [
                "another 6000 true anna ended",
                "another true anna 400 urn:chunkstream:invalid-resume-token",
                "foreign false,true 401 urn:chunkstream:invalid-access-token The access token is not a JWT.",
                "keyless true null",
                "keyless true true true 401 urn:chunkstream:access-expired",
                "several 6000 true anna true ended",
                "stale 1,2,3 false,true ended",
            ],
            lines);
        Assert.DoesNotContain(_api.Log.Entries, entry => entry.Message.Contains("eyJ", StringComparison.Ordinal));
    }

    private IResult Token(HttpRequest request)
    {
        var seconds = double.Parse(request.Query["seconds"].ToString(), CultureInfo.InvariantCulture);
        return Results.Text(_issuer.Token(
            request.Query["subject"].ToString(), claims => claims["exp"] = (JsonNode)TokenIssuer.In(seconds)));
    }
}
