using System.Runtime.CompilerServices;
using ChunkStream;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddChunkStream();
var app = builder.Build();

app.MapGet("/ticks", () => StreamResults.Items(Ticks));

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
