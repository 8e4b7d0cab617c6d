using System.Runtime.CompilerServices;
using ChunkStream.App;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>A generator that somebody adds to the app is on the page, where it can be started.</summary>
public sealed class OwnGeneratorTests(Chromium chromium) : IClassFixture<Chromium>
{
    [ChromiumFact]
    public async Task A_generator_that_an_app_adds_is_started_on_the_page_and_its_items_appear_as_they_come()
    {
        var more = new TaskCompletionSource();
        await using var api = await LocalApi.StartAsync(new LocalApp().Add(builder => builder.AddGenerator(
            new GeneratorEndpoint<Reading>(
                "readings",
                "What a sensor measures",
                (given, token) => ReadingsAsync(given.Text("sensor")!, given.Number("count"), more.Task, token))
            {
                Access = EndpointAccess.Anonymous,
                Parameters =
                [
                    GeneratorParameter.Text("sensor", "inside"),
                    GeneratorParameter.Number("count", 2, least: 1, most: 9),
                ],
            })));
        await using var ui = await UiPage.OpenAsync(chromium, api);

        await ui.StartAsync("readings", ("sensor", "outside"), ("count", "3"));
        await Assertions.Expect(Cell("outside 1")).ToBeVisibleAsync();
        await ui.UntilAsync("Streaming");
        await Assertions.Expect(Cell("outside 2")).ToHaveCountAsync(0);

        more.SetResult();
        await ui.UntilAsync("Complete");
        await Assertions.Expect(Cell("outside 3")).ToBeVisibleAsync();
        Assert.Equal(3, await ui.RowsAsync());

        ILocator Cell(string text) => ui.Page.GetByRole(AriaRole.Gridcell, new() { Name = text, Exact = true });
    }

    private static async IAsyncEnumerable<Reading> ReadingsAsync(
        string sensor, int count, Task more, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var number = 1; number <= count; number++)
        {
            yield return new Reading(number, $"{sensor} {number}");
            await more.WaitAsync(cancellation);
        }
    }

    private sealed record Reading(int Number, string Value);
}
