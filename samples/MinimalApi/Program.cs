using System.Runtime.CompilerServices;
using ChunkStream;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddChunkStream().AddPostgres();
var app = builder.Build();

app.MapGet("/ticks", () => StreamResults.Items(Ticks));

// What stands in braces is a parameter of the query. With a key, a client can go on after any row.
app.MapGet("/roots", (int count) => StreamResults.Rows(
    $"select n, sqrt(n) as root from generate_series(1, {count}) as n", key: "n"));

app.Run();

// The token is cancelled when the client leaves.
static async IAsyncEnumerable<Tick> Ticks([EnumeratorCancellation] CancellationToken cancellation)
{
    for (var number = 1; number <= 5; number++)
    {
        yield return new Tick(number, number * number);
        await Task.Delay(100, cancellation);
    }
}

internal sealed record Tick(int Number, int Square);
