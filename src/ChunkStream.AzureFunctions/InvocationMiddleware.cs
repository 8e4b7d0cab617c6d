using ChunkStream.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace ChunkStream.AzureFunctions;

/// <summary>Puts an invocation's function name and token onto its HTTP request, where the engine finds them.</summary>
internal sealed class InvocationMiddleware : IFunctionsWorkerMiddleware
{
    /// <inheritdoc />
    public Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        // Only HTTP triggers have a request.
        if (context.GetHttpContext() is { } http)
            http.Features.Set<IInvocationFeature>(new Call(context.FunctionDefinition.Name, context.CancellationToken));
        return next(context);
    }

    private sealed record Call(string Name, CancellationToken Ended) : IInvocationFeature;
}
