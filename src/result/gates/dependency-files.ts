/** Names of manifests, lockfiles and package-manager configuration, per ecosystem, for the gate "dependencies". */

/** Ecosystem and pattern; patterns see the folded path. */
export const DEPENDENCY_FILES: readonly (readonly [string, RegExp])[] = [
  [
    'Node',
    /(^|\/)(package\.json5?|package\.ya?ml|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.ya?ml|pnpm-workspace\.ya?ml|bun\.lockb?|bunfig\.toml|deno\.(jsonc?|lock)|jsr\.jsonc?|import_map\.json|bower\.json|\.npmrc|\.yarnrc(\.ya?ml)?|\.pnpmfile\.[cm]?js|lerna\.json)$|(^|\/)\.yarn\//,
  ],
  [
    'Python',
    /(^|\/)(pyproject\.toml|setup\.(py|cfg)|pipfile(\.lock)?|poetry\.(lock|toml)|uv\.(lock|toml)|pdm\.(lock|toml)|pixi\.(lock|toml)|pylock[^/]*\.toml|environment[^/]*\.ya?ml|conda-lock\.ya?ml|pip\.conf|[^/]*(requirements|constraints)[^/]*\.(txt|in|pip))$|(^|\/)(requirements|constraints)\/[^/]*\.(txt|in|pip)$/,
  ],
  ['Go', /(^|\/)(go\.(mod|sum|work|work\.sum)|vendor\/modules\.txt|gopkg\.(toml|lock)|glide\.(yaml|lock))$/],
  ['Rust', /(^|\/)cargo\.(toml|lock)$|(^|\/)\.cargo\//],
  [
    'Java',
    /(^|\/)(pom\.xml|ivy\.xml|build\.sbt|build\.sc|settings\.xml|gradle\.(properties|lockfile)|verification-metadata\.xml|gradle-wrapper\.(jar|properties)|maven-wrapper\.(jar|properties)|[^/]*\.versions\.toml|[^/]*\.lockfile|extensions\.xml|libs\.gradle)$|\.gradle(\.kts)?$|(^|\/)project\/[^/]*\.(sbt|properties)$/,
  ],
  [
    'Ruby',
    /(^|\/)(gemfile(\.(lock|local))?|[^/]*\.gemfile(\.lock)?|gems\.(rb|locked)|\.gemrc|\.bundle\/.*)$|\.gemspec$/,
  ],
  ['PHP', /(^|\/)composer\.(json|lock)$/],
  [
    '.NET',
    /\.(csproj|fsproj|vbproj|nuspec|packages\.props)$|(^|\/)(packages\.config|packages\.lock\.json|project\.json|nuget\.config|global\.json|directory\.(packages|build)\.(props|targets)|paket\.(dependencies|lock|references))$/,
  ],
  ['Elixir or Erlang', /(^|\/)(mix\.(exs|lock)|rebar\.(config|lock))$/],
  ['Dart', /(^|\/)pubspec\.(ya?ml|lock)$|(^|\/)pubspec_overrides\.ya?ml$/],
  [
    'Swift or Objective-C',
    /(^|\/)(package\.(swift|resolved)|podfile(\.lock)?|cartfile[^/]*)$|\.podspec(\.json)?$/,
  ],
  ['C or C++', /(^|\/)(conanfile\.(txt|py)|conan\.lock|vcpkg(-configuration)?\.json)$/],
  ['Haskell', /(^|\/)(stack\.ya?ml(\.lock)?|cabal\.project[^/]*)$|\.cabal$/],
  ['Julia', /(^|\/)(julia)?(project|manifest)\.toml$/],
  ['R', /(^|\/)(renv\.lock|packrat\.lock)$/],
  ['Nix', /(^|\/)flake\.(nix|lock)$/],
  ['Bazel', /(^|\/)(module\.bazel(\.lock)?|workspace(\.bazel|\.bzlmod)?|maven_install\.json)$/],
  ['Terraform or Helm', /(^|\/)(\.terraform\.lock\.hcl|chart\.(ya?ml|lock))$/],
  ['Git submodule', /(^|\/)\.gitmodules$/],
];
