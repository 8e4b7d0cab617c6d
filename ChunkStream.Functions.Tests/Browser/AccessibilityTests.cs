using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>The page by keyboard, with a screen reader, in light and dark, and on a phone.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class AccessibilityTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Query =
        "-- summary: Some numbers\n-- param: count integer = 500\n-- key: id\n"
        + "select n as id, n % 7 as rest, null as nothing, 'row ' || n as name from generate_series(1, @count) n";

    [ChromiumFact]
    public async Task Axe_finds_nothing_wrong_in_light_and_dark()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, new QueryFiles().With("numbers", Query));
        await using var ui = await UiPage.OpenAsync(chromium, api);
        var axe = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "ui", "node_modules", "axe-core", "axe.min.js"));
        await ui.Page.EvaluateAsync(axe);
        await ui.StartAsync("numbers", ("count", "none"));
        await ui.UntilAsync("Refused: nothing was read");
        Assert.Equal("", await ViolationsAsync(ui));

        await ui.StartAsync("numbers", ("count", ""));
        await ui.UntilAsync("Complete");
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await ui.Page.EmulateMediaAsync(new() { ColorScheme = scheme });
            Assert.Equal("", await ViolationsAsync(ui));
        }
    }

    [ChromiumFact]
    public async Task It_can_be_used_with_the_keyboard_alone()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, new QueryFiles().With("numbers", Query));
        await using var ui = await UiPage.OpenAsync(chromium, api);

        var order = new List<string>();
        for (var press = 0; press < 8; press++)
        {
            await ui.Page.Keyboard.PressAsync("Tab");
            order.Add(await ui.Page.EvaluateAsync<string>("document.activeElement.id || document.activeElement.hash"));
            Assert.NotEqual(
                "none", await ui.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
        }

        Assert.Equal(
            ["#queries", "#streams", "source", "parameter-count", "parameter-limit", "start", "format", "download"],
            order);
        await ui.Page.FocusAsync("#parameter-count");
        await ui.Page.Keyboard.TypeAsync("3");
        await ui.Page.Keyboard.PressAsync("Enter");
        await ui.UntilAsync("Complete");
        await Assertions.Expect(ui.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Complete. 3 rows.");
    }

    [ChromiumFact]
    public async Task On_a_phone_nothing_is_wider_than_the_screen()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, new QueryFiles().With("numbers", Query));
        await using var ui = await UiPage.OpenAsync(
            chromium, api, new() { ViewportSize = new() { Width = 360, Height = 740 } });

        Assert.Equal(360, await ui.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await ui.StartAsync("numbers");
        await ui.UntilAsync("Complete");
        Assert.Equal(360, await ui.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    internal static Task<string> ViolationsAsync(UiPage ui) => ui.Page.EvaluateAsync<string>(
        "axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => "
        + "`${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).slice(0, 3).join(' | ')}`).join('\\n'))");
}
