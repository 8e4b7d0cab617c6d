using ChunkStream.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace ChunkStream.AzureFunctions;

/// <summary>Hands a call's name and its own token on to the request that it is.</summary>
internal sealed class InvocationMiddleware : IFunctionsWorkerMiddleware
{
    /// <inheritdoc />
    public Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        // Functions of other triggers have no request.
        if (context.GetHttpContext() is { } http)
            http.Features.Set<IInvocationFeature>(new Call(context.FunctionDefinition.Name, context.CancellationToken));
        return next(context);
    }

    private sealed record Call(string Name, CancellationToken Ended) : IInvocationFeature;
}
