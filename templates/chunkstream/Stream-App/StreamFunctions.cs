using System.Runtime.CompilerServices;
using ChunkStream;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Stream_App;

public sealed class StreamFunctions
{
    [Function("ticks")]
    public IResult Ticks([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head")] HttpRequest request)
        => StreamResults.Items(Generate);

    [Function("query")]
    public IResult Query(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "queries/{name}")] HttpRequest request)
        => StreamResults.Query((string)request.RouteValues["name"]!);

    // The token is cancelled when the client leaves, and when the platform ends the call.
    private static async IAsyncEnumerable<Tick> Generate([EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var number = 1; number <= 5; number++)
        {
            yield return new Tick(number, number * number);
            await Task.Delay(100, cancellation);
        }
    }
}

public sealed record Tick(int Number, int Square);
