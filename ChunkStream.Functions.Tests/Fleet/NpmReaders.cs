using System.Globalization;
using System.Text.Json;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Fleet;

/// <summary>Several streams that the npm client reads, in one process of Node.</summary>
internal sealed class NpmReaders : IAsyncDisposable
{
    private readonly RunningProgram _node;

    public NpmReaders(Uri address, int count) => _node = RunningProgram.JavaScript(
        address,
        $$"""
        const last = Array({{count}}).fill(0);
        const rejoins = Array({{count}}).fill(0);
        const read = async (_, k) => {
          const rows = stream(`${api}/queries/keyed`);
          for await (const row of rows) {
            if (row.id !== last[k] + 1) throw new Error(`stream ${k}: the row ${row.id} came after ${last[k]}`);
            last[k] = row.id;
          }
          rejoins[k] = rows.progress.rejoins;
        };
        const reading = Promise.all(last.map(read));
        reading.catch(() => {});
        process.stdin.on('data', () => console.log(Math.min(...last)));
        console.log('begun');
        await reading;
        console.log(JSON.stringify({ last, rejoins }));
        """);

    public Task BegunAsync() => _node.ReadLineAsync();

    /// <summary>How far the slowest is: the number of its last row.</summary>
    public async Task<long> LastAsync()
    {
        try
        {
            await _node.GoOnAsync();
            return long.Parse(await _node.ReadLineAsync(), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has ended: this fails with what it said.
            await _node.LinesAsync();
            throw;
        }
    }

    /// <summary>
    /// Waits for the end of all, and gives the number of each one's last row, and how often it rejoined.
    /// </summary>
    public async Task<(long[] Last, long[] Rejoins)> EndAsync()
    {
        var said = JsonDocument.Parse((await _node.LinesAsync())[^1]).RootElement;
        return (Numbers("last"), Numbers("rejoins"));

        long[] Numbers(string name) => [.. said.GetProperty(name).EnumerateArray().Select(number => number.GetInt64())];
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();
}
