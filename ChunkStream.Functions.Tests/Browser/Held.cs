using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>Answers that are held back until a test lets them go; at its end in any case.</summary>
internal sealed class Held : IDisposable
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Released => _released.Task;

    /// <summary>Holds back the answers to what a page asks at an address.</summary>
    /// <param name="page">The page.</param>
    /// <param name="address">The pattern of the address.</param>
    /// <param name="answer">Answers then; by default the server does.</param>
    /// <param name="which">Which requests are meant; by default all of them.</param>
    public Task AtAsync(
        IPage page, string address, Func<IRoute, Task>? answer = null, Func<IRequest, bool>? which = null)
        => page.RouteAsync(address, async route =>
        {
            if (which?.Invoke(route.Request) is false)
            {
                await route.FallbackAsync();
                return;
            }

            await Released;
            await (answer?.Invoke(route) ?? route.FallbackAsync());
        });

    public void Release() => _released.TrySetResult();

    public void Dispose() => Release();
}
