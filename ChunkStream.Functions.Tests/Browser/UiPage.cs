using System.Globalization;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>The page in a browser, and what a person does with it.</summary>
internal sealed class UiPage : IAsyncDisposable
{
    private readonly List<string> _complaints = [];

    private UiPage(IPage page)
    {
        Page = page;
        page.PageError += (_, error) => _complaints.Add(error);
        page.Console += (_, message) =>
        {
            // The page tells the person of a refused request. What the browser itself refuses is a mistake of the page.
            if (message.Type == "error"
                && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                _complaints.Add(message.Text);
        };
    }

    public IPage Page { get; }

    public ILocator State => Page.Locator("#state");

    public ILocator Alert => Page.GetByRole(AriaRole.Alert);

    public static Task<UiPage> OpenAsync(Chromium chromium, LocalApi api, BrowserNewContextOptions? options = null)
        => OpenAsync(chromium, api.Origin, options);

    public static async Task<UiPage> OpenAsync(
        Chromium chromium, string origin, BrowserNewContextOptions? options = null)
    {
        var ui = new UiPage(await chromium.NewPageAsync(options));
        await ui.Page.GotoAsync(origin);
        Assert.Equal(origin + "/api/ui/", ui.Page.Url);
        await Assertions.Expect(ui.Page.Locator("#source option")).Not.ToHaveCountAsync(0);
        return ui;
    }

    public async Task StartAsync(string source, params (string Parameter, string Value)[] values)
    {
        await Page.GetByLabel("Query", new() { Exact = true }).SelectOptionAsync(source);
        foreach (var (parameter, value) in values)
            await Page.GetByLabel(parameter, new() { Exact = true }).FillAsync(value);
        await ClickAsync("Start");
    }

    public Task ClickAsync(string button) =>
        Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    /// <summary>Answers the question for a function key.</summary>
    public async Task GiveKeyAsync(string key)
    {
        await Page.FillAsync("#key", key);
        await Page.Keyboard.PressAsync("Enter");
    }

    public async Task ChangeKeyAsync(string key)
    {
        await Page.ClickAsync("#change-key");
        await GiveKeyAsync(key);
    }

    /// <summary>
    /// Closes a dialog and presses the button that opens it, before the browser could tell that it was closed.
    /// </summary>
    public Task CloseAndOpenAgainAsync(string dialog, string button) => Page.EvaluateAsync(
        """
        ([dialog, button]) => {
          document.getElementById(dialog).close();
          document.getElementById(button).click();
        }
        """,
        new[] { dialog, button });

    public Task UntilAsync(string state) =>
        Assertions.Expect(State).ToHaveTextAsync(new Regex("^" + state), new() { Timeout = 120_000 });

    /// <summary>Waits until a figure is at least so much.</summary>
    public Task UntilAtLeastAsync(string figure, int least) => Page.WaitForFunctionAsync(
        "([id, least]) => parseInt(document.getElementById(id).textContent.replaceAll(',', '')) >= least",
        new object[] { figure, least });

    public async Task<int> RowsAsync()
        => int.Parse(
            Regex.Match(await Page.Locator("#rows").InnerTextAsync(), "^[0-9,]+").Value,
            NumberStyles.AllowThousands,
            CultureInfo.InvariantCulture);

    /// <summary>
    /// Keeps the values of a numeric column, of every row that the page is given, in <c>window.seen</c>, and presses
    /// "Cut the connection" whenever so many are there.
    /// </summary>
    public Task WatchAsync(string column, params int[] cuts) => Page.EvaluateAsync(
        """
        async ([column, cuts]) => {
          const { Run } = await import(new URL('run.js', document.baseURI));
          const read = Run.prototype.read;
          window.seen = [];
          Run.prototype.read = function (arrived) {
            return read.call(this, (rows) => {
              for (const row of rows) window.seen.push(Number(row[column]));
              arrived(rows);
              if (!(window.seen.length >= cuts[0])) return;
              cuts.shift();
              document.getElementById('cut').click();
            });
          };
        }
        """,
        new object[] { column, cuts });

    /// <summary>Fails if a secret is in the page's address, or in the code that it gives for any client.</summary>
    public async Task AssertIsNotGivenOnAsync(string secret)
    {
        Assert.DoesNotContain(secret, Page.Url, StringComparison.Ordinal);
        foreach (var client in await Page.Locator("#code-kind option").AllInnerTextsAsync())
        {
            await Page.Locator("#code-kind").SelectOptionAsync(new SelectOptionValue { Label = client });
            var code = await Page.Locator("#code-panel").InnerTextAsync();
            Assert.DoesNotContain(secret, code, StringComparison.Ordinal);
            // It says what is missing.
            Assert.Matches("YOUR-(KEY|TOKEN)|The request needs|can't send the header", code);
        }
    }

    /// <summary>Fails if the browser, or a script, complained.</summary>
    public async ValueTask DisposeAsync()
    {
        await Page.Context.CloseAsync();
        Assert.True(_complaints.Count == 0, string.Join('\n', _complaints));
    }
}
