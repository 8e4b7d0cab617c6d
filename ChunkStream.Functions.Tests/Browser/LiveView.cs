using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>The page's view of streams, and what a person does with it.</summary>
internal sealed class LiveView(UiPage ui) : IAsyncDisposable
{
    public IPage Page => ui.Page;

    public UiPage Ui => ui;

    public ILocator Log => Page.GetByRole(AriaRole.Listbox, new() { Name = "Messages" });

    public ILocator Alert => Page.Locator("#stream-alert");

    public static async Task<LiveView> OpenAsync(
        Chromium chromium, string origin, BrowserNewContextOptions? options = null)
    {
        var ui = await UiPage.OpenAsync(chromium, origin, options);
        await ui.Page.GetByRole(AriaRole.Link, new() { Name = "Streams", Exact = true }).ClickAsync();

        // The view comes a moment after the click. Keys that are pressed before go elsewhere.
        await Assertions.Expect(ui.Page.GetByLabel("Stream", new() { Exact = true })).ToBeVisibleAsync();
        return new LiveView(ui);
    }

    public async Task FollowAsync(string path, string from = "its start")
    {
        await Page.GetByLabel("Stream", new() { Exact = true }).FillAsync(path);
        await Page.GetByLabel("From", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Label = from });
        await ui.ClickAsync("Follow");
    }

    public Task UntilAsync(string state)
        => Assertions.Expect(Page.Locator("#stream-state")).ToHaveTextAsync(new Regex("^" + state));

    /// <summary>Waits until so many came.</summary>
    public Task UntilCountAsync(int count)
        => Assertions.Expect(Page.Locator("#stream-count")).ToHaveTextAsync(
            count.ToString("N0", CultureInfo.InvariantCulture));

    public Task ShowsAsync(string text) => Assertions.Expect(Row(text)).ToBeVisibleAsync();

    /// <summary>The entry that says exactly this.</summary>
    public ILocator Row(string text) => Log.Locator(".log-row span:last-child").GetByText(text, new() { Exact = true });

    /// <summary>Keeps the text of every entry that comes from now on, as <c>window.seen</c>.</summary>
    public Task WatchAsync() => Page.EvaluateAsync(
        """
        async () => {
          const { EntryStore } = await import(new URL('streams/entry-store.js', document.baseURI));
          const add = EntryStore.prototype.add;
          window.seen = [];
          EntryStore.prototype.add = function (offset, text, isOpen) {
            window.seen.push([offset, text]);
            return add.call(this, offset, text, isOpen);
          };
        }
        """);

    /// <summary>
    /// Fails unless the entries since <see cref="WatchAsync"/> were the numbers from 0 up to this one without it, each
    /// once and at its offset.
    /// </summary>
    public async Task AssertSawNumbersAsync(int count)
    {
        Assert.Equal(count, await Page.EvaluateAsync<int>("window.seen.length"));
        Assert.True(
            await Page.EvaluateAsync<bool>(
                "window.seen.every(([offset, text], index) => offset === index && JSON.parse(text).n === index)"));
    }

    public ValueTask DisposeAsync() => ui.DisposeAsync();
}
