using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>The npm package <c>chunkstream-client</c> in a page whose network goes and comes back.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class OfflineTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    [ChromiumFact]
    public async Task A_stream_goes_on_as_soon_as_the_network_is_back_and_has_each_row_once()
    {
        await postgres.ExecuteAsync(
            "drop table if exists offline_rows, offline_pace; create table offline_rows as select n as id "
            + "from generate_series(1, 5000) n; alter table offline_rows add primary key (id); analyze offline_rows; "
            + "create table offline_pace as select 1.0 as seconds");
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            new QueryFiles().With(
                "slow",
                // It takes minutes until the network is gone; another query, which goes on for the first, is fast.
                "-- key: id\nselect id, case when id % 20 = 0 then (select pg_sleep(seconds + 0 * id)::text "
                + "from offline_pace) end as slept from offline_rows order by id"));
        var page = await chromium.NewPageAsync();
        await page.GotoAsync(api.Origin + "/api/health");

        // Without the event the wait would last 15 s at least.
        await page.EvaluateAsync(
            """
            async () => {
              const { stream } = await import('/api/ui/client/index.js');
              const { CuttableFetch } = await import('/api/ui/cuttable-fetch.js');
              const network = new CuttableFetch();
              window.ids = [];
              window.states = [];
              window.cut = () => network.cut();
              addEventListener('online', () => (window.backAt = performance.now()));
              const onProgress = ({ state }) => state !== states.at(-1) && states.push(state);
              const rows = stream('/api/queries/slow', { backoffMs: 30_000, fetch: network.fetch, onProgress });
              window.reading = (async () => {
                let wentOnAt = 0;
                for await (const { id } of rows) {
                  if (window.backAt && !wentOnAt) wentOnAt = performance.now();
                  ids.push(id);
                }

                return wentOnAt - backAt;
              })();
            }
            """);
        await page.WaitForFunctionAsync("ids.length > 0");
        await page.Context.SetOfflineAsync(true);
        await page.EvaluateAsync("cut()");
        await page.WaitForFunctionAsync("states.at(-1) === 'waiting'");
        await postgres.ExecuteAsync("update offline_pace set seconds = 0");
        await page.Context.SetOfflineAsync(false);

        Assert.InRange(await page.EvaluateAsync<double>("reading"), 0, 14_000);
        Assert.Equal(Enumerable.Range(1, 5000), await page.EvaluateAsync<int[]>("ids"));
        Assert.Equal(
            "streaming waiting connecting streaming ended", await page.EvaluateAsync<string>("states.join(' ')"));
        await page.Context.CloseAsync();
    }

    [ChromiumFact]
    public async Task A_collection_keeps_its_rows_without_network_and_has_what_changed_as_soon_as_that_is_back()
    {
        await postgres.ExecuteAsync(
            "drop table if exists offline_kept; create table offline_kept (id int primary key, note text); "
            + "insert into offline_kept select n, 'first' from generate_series(1, 3) n");
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            new QueryFiles().With("kept", "-- key: id\n-- live\nselect * from offline_kept"));
        var page = await chromium.NewPageAsync();
        await page.GotoAsync(api.Origin + "/api/health");
        await page.EvaluateAsync(
            """
            async () => {
              const { collection } = await import('/api/ui/client/index.js');
              const { CuttableFetch } = await import('/api/ui/cuttable-fetch.js');
              const network = new CuttableFetch();
              window.cut = () => network.cut();
              window.kept = collection('/api/queries/kept', { backoffMs: 30_000, fetch: network.fetch });
              addEventListener('online', () => (window.backAt = performance.now()));
              await kept.ready;
            }
            """);
        await page.Context.SetOfflineAsync(true);
        await page.EvaluateAsync("cut()");
        await page.WaitForFunctionAsync("kept.state === 'waiting'");
        await postgres.ExecuteAsync(
            "delete from offline_kept where id = 1; update offline_kept set note = 'other' where id = 2; "
            + "insert into offline_kept values (4, 'new')");
        const string Notes = "kept.rows.map(({ id, note }) => `${id} ${note}`).join()";
        Assert.Equal("1 first,2 first,3 first", await page.EvaluateAsync<string>(Notes));

        await page.Context.SetOfflineAsync(false);
        await page.WaitForFunctionAsync("kept.has(4)");
        Assert.InRange(await page.EvaluateAsync<double>("performance.now() - backAt"), 0, 14_000);
        Assert.Equal("2 other,3 first,4 new", await page.EvaluateAsync<string>(Notes));
        await page.Context.CloseAsync();
    }
}
