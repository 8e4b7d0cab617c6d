using System.Threading.Channels;
using Google.Protobuf.Collections;
using Grpc.Core;
using Content = ChunkStream.Functions.Tests.Support.FunctionsHost.StreamingMessage.ContentOneofCase;

namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>The talk with the worker: the call that it makes, and what the host says in it.</summary>
internal sealed class WorkerChannel : FunctionRpc.FunctionRpcBase
{
    private readonly Channel<StreamingMessage> _toWorker = Channel.CreateUnbounded<StreamingMessage>();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Exception? _closed;
    private int _loading;

    public Record<RpcLog> Log { get; } = new();

    public Record<Invocation> Invocations { get; } = new();

    /// <summary>Done when the functions have been loaded. Fails if the worker refuses, or ends before.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The functions, as the worker named them.</summary>
    public HostedFunction[] Functions { get; private set; } = [];

    /// <summary>Where the worker takes HTTP requests.</summary>
    public string HttpAddress { get; private set; } = "";

    /// <summary>The worker's one call. It fails when the worker's process ends, which tells of that itself.</summary>
    public override async Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream, IServerStreamWriter<StreamingMessage> responseStream,
        ServerCallContext context)
    {
        var sending = SendAllAsync(responseStream, context.CancellationToken);
        await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
            Take(message);
        _toWorker.Writer.TryComplete();
        await sending;
    }

    /// <summary>Calls a function.</summary>
    /// <param name="function">Which one.</param>
    /// <param name="target">Path and query of the request, or nothing.</param>
    /// <param name="input">What its trigger gives it.</param>
    /// <param name="forward">Begins to forward the request, which must be on its way first.</param>
    public Invocation Invoke(
        HostedFunction function, string target, TypedData input, Action<Invocation>? forward = null)
    {
        var id = Guid.NewGuid().ToString();
        var invocation = new Invocation(
            id, function, target, () => Send(new() { InvocationCancel = new() { InvocationId = id } }));
        Invocations.Add(invocation);
        if (_closed is { } because)
            invocation.Fail(because);
        forward?.Invoke(invocation);
        Send(new()
        {
            InvocationRequest = new()
            {
                InvocationId = id,
                FunctionId = function.Id,
                InputData = { new ParameterBinding { Name = function.Parameter, Data = input } },
                TraceContext = new(),
            },
        });
        return invocation;
    }

    /// <summary>Asks the worker to end.</summary>
    public void Terminate() => Send(new() { WorkerTerminate = new() });

    /// <summary>Tells everybody who waits, now or later, that the worker has ended.</summary>
    public void Close(Exception because)
    {
        _closed = because;
        _ready.TrySetException(because);
        Log.End(because);
        Invocations.End(because);
        foreach (var invocation in Invocations.All)
            invocation.Fail(because);
    }

    private void Send(StreamingMessage message) => _toWorker.Writer.TryWrite(message);

    private async Task SendAllAsync(IServerStreamWriter<StreamingMessage> worker, CancellationToken cancellation)
    {
        await foreach (var message in _toWorker.Reader.ReadAllAsync(cancellation))
            await worker.WriteAsync(message, cancellation);
    }

    private void Take(StreamingMessage message)
    {
        switch (message.ContentCase)
        {
            case Content.StartStream:
                Send(new() { WorkerInitRequest = new() { HostVersion = "4.0.0" } });
                break;
            case Content.WorkerInitResponse when Succeeds(message.WorkerInitResponse.Result):
                HttpAddress = message.WorkerInitResponse.Capabilities.GetValueOrDefault("HttpUri", "");
                Send(new() { FunctionsMetadataRequest = new() });
                break;
            case Content.FunctionMetadataResponse when Succeeds(message.FunctionMetadataResponse.Result):
                Load(message.FunctionMetadataResponse.FunctionMetadataResults);
                break;
            case Content.FunctionLoadResponse when Succeeds(message.FunctionLoadResponse.Result):
                if (--_loading == 0)
                    _ready.TrySetResult();
                break;
            case Content.InvocationResponse:
                Invocations.All.Single(begun => begun.Id == message.InvocationResponse.InvocationId)
                    .End(message.InvocationResponse.Result);
                break;
            case Content.RpcLog:
                Log.Add(message.RpcLog);
                break;
        }
    }

    private void Load(RepeatedField<RpcFunctionMetadata> functions)
    {
        Functions = [.. functions.Select(HostedFunction.Create)];
        _loading = functions.Count;
        if (_loading == 0)
            _ready.TrySetException(new InvalidOperationException("The worker has no function."));
        foreach (var function in functions)
            Send(new() { FunctionLoadRequest = new() { FunctionId = function.FunctionId, Metadata = function } });
    }

    // A worker that can't begin fails the start, with its reason.
    private bool Succeeds(StatusResult result)
    {
        if (result.Status == StatusResult.Types.Status.Success)
            return true;
        _ready.TrySetException(new InvalidOperationException(
            $"The worker failed: {result.Exception?.Message}\n{result.Exception?.StackTrace}"));
        return false;
    }
}
